// One of the two sides of run.ts: a child process that is told over stdin what to time. And processes that disturb.
import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import { createInterface } from 'node:readline';

/** What a worker answers. */
export interface Answer {
  readonly ms?: number;
  readonly ready?: string;
  /** Bytes of resident memory at its peak: of the process with the library loaded, and after the steps. */
  readonly loaded?: number;
  readonly peak?: number;
  readonly error?: string;
}

/** A worker that has said it is ready. */
export class Side {
  readonly version: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  private constructor(child: ChildProcess, lines: AsyncIterator<string>, version: string) {
    this.#child = child;
    this.#lines = lines;
    this.version = version;
  }

  /** Starts a worker; null if it cannot be started (PyTorch is not there). */
  static async start(
    command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    quiet: boolean,
  ): Promise<Side | null> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', quiet ? 'ignore' : 'inherit'], env });
    child.on('error', () => {}); // a command that does not exist: no line comes
    child.stdin?.on('error', () => {});
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const { value, done } = await lines.next();
    if (done) return null;
    const { ready } = JSON.parse(value) as Answer;
    return new Side(child, lines, ready ?? '?');
  }
  /** Sends a request and gives the time it answers with, in milliseconds. Throws what the worker reports. */
  async ask(request: object): Promise<number> {
    return (await this.answer(request)).ms ?? 0;
  }
  /** Sends a request and gives the whole answer. Throws what the worker reports. */
  async answer(request: object): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done)
      throw new Error(
        `the worker ended (${this.version}, exit code ${this.#child.exitCode}, ${this.#child.signalCode})`,
      );
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
  stop(): void {
    this.#child.stdin?.end();
    this.#child.kill();
  }
}

// ends by itself if run.ts does
const BUSY = 'const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e7; i++);';

/** One process a core that computes at the lowest priority, as a compiler would. Gives what ends them. */
export function keepBusy(): () => void {
  const children = Array.from({ length: os.availableParallelism() }, () => {
    const child = spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' });
    if (child.pid !== undefined) os.setPriority(child.pid, 19);
    return child;
  });
  return () => children.forEach((child) => child.kill('SIGKILL'));
}
