// Runs mpirun and waits for it: signals, output by rank, exit code. Called by cli.ts.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long mpirun may take to end a job: then it is told again, or killed. */
const PATIENCE_MS = 10_000;
/** What a process prints that ends the job: native/mpi/engine.cc. */
const ENDING = /flambeau: rank \d+ of \d+: /;

const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

/** Copies what a process prints, line by line through `change` or as it comes; `seen` is given all text, too. */
function copy(
  from: Readable,
  to: Writable,
  change: ((line: string) => string) | null,
  seen: (text: string) => void,
): Promise<void> {
  const ended = new Promise<void>((done) => from.once('close', done));
  if (change === null) {
    let line = '';
    from.setEncoding('utf8').on('data', (text: string) => {
      to.write(text);
      seen((line += text));
      line = line.slice(line.lastIndexOf('\n') + 1);
    });
    return ended;
  }
  const lines = createInterface({ input: from, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => {
    to.write(`${change(line)}\n`);
    seen(line);
  });
  return new Promise((done) => lines.once('close', done));
}

/**
 * Runs the command to its end and gives the job's exit code: mpirun's, or 128 and the signal that ended it or this process.
 * `change` is applied to each line of output; null passes it on as it is.
 */
export function runJob(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  change: ((line: string) => string) | null,
): Promise<number> {
  const child = spawn(command, args, {
    env: { ...process.env, ...variables },
    // a daemon that is left behind on a silent host must not hold this process's own output open
    stdio: ['inherit', 'pipe', 'pipe'],
  });
  const timers: NodeJS.Timeout[] = [];
  let failed = false;
  const watch = (text: string): void => {
    if (failed || !ENDING.test(text)) return;
    failed = true;
    // mpirun waits for its daemon on a host that has gone silent, for as long as TCP does: a quarter of an hour
    timers.push(
      setTimeout(() => {
        process.stderr.write('flambeau run: mpirun has not ended with the job and is killed: a host may not answer\n');
        child.kill('SIGKILL');
      }, PATIENCE_MS),
    );
  };
  const copied = [
    copy(child.stderr, process.stderr, change, watch),
    copy(child.stdout, process.stdout, change, () => {}),
  ];

  let received: NodeJS.Signals | null = null;
  const forward = (signal: NodeJS.Signals): void => {
    if (received !== null) return;
    received = signal;
    // a terminal sends Ctrl+C to mpirun as well, which takes a second one for impatience
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    timers.push(setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS));
    timers.push(setTimeout(() => child.kill('SIGKILL'), 2 * PATIENCE_MS));
  };
  for (const signal of SIGNALS) process.on(signal, forward);

  return new Promise((done, fail) => {
    const end = (): void => {
      for (const timer of timers) clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, forward);
    };
    child.once('error', (error) => {
      end();
      fail(new Error(`flambeau run: cannot start ${command}: ${error.message}`));
    });
    // by `exit`: a daemon that mpirun has left behind holds its output open
    child.once('exit', async (code, signal) => {
      end();
      await Promise.race([Promise.all(copied), new Promise((late) => setTimeout(late, 1000).unref())]);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      done(
        received !== null
          ? codeOf(received)
          : failed && code === null
            ? 1
            : signal !== null
              ? codeOf(signal)
              : (code ?? 1),
      );
    });
  });
}
