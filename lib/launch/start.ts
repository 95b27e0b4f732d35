// Runs mpirun and waits for it: signals, output by rank, exit code. Called by cli.ts.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** How long mpirun may take to end a job after a signal: then it is told again, and then killed. */
const PATIENCE_MS = 10_000;

const codeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal];

function copyLines(from: Readable, to: Writable, change: (line: string) => string): Promise<void> {
  const lines = createInterface({ input: from, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => to.write(`${change(line)}\n`));
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
  const output = change === null ? 'inherit' : 'pipe';
  const child = spawn(command, args, { env: { ...process.env, ...variables }, stdio: ['inherit', output, output] });
  const copied: Promise<void>[] = [];
  if (change !== null) {
    if (child.stdout !== null) copied.push(copyLines(child.stdout, process.stdout, change));
    if (child.stderr !== null) copied.push(copyLines(child.stderr, process.stderr, change));
  }

  let received: NodeJS.Signals | null = null;
  const timers: NodeJS.Timeout[] = [];
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
    child.once('close', async (code, signal) => {
      end();
      await Promise.all(copied);
      done(received !== null ? codeOf(received) : signal !== null ? codeOf(signal) : (code ?? 1));
    });
  });
}
