// Both sides of a comparison and how they are timed: block by block in turn. Used by run.ts and curves.ts.
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Side } from './side.ts';
import { summary, type Times } from './table.ts';

/** The Python that has PyTorch. */
export const python = process.env.FLAMBEAU_PYTHON ?? 'python3';

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** glibc then keeps large blocks of memory instead of handing them back, so that they need no fresh pages each time. */
const TUNED = { MALLOC_MMAP_THRESHOLD_: '1000000000', MALLOC_TRIM_THRESHOLD_: '2000000000' };

/** The environment of the twin: as many threads, and memory kept unless it is to run as installed. */
export function twinEnvironment(threads: number, asInstalled: boolean): NodeJS.ProcessEnv {
  const limits = { OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
  return { ...process.env, ...(asInstalled ? {} : TUNED), ...limits };
}

/** How long and how often a piece of work is timed. */
export interface Effort {
  readonly samples: number;
  /** A block is as many steps as fit in so many milliseconds. */
  readonly blockMs: number;
  readonly warmupMs: number;
  /** A side's blocks of one piece of work take no longer than this together, once there are three. */
  readonly budgetMs: number;
}
/** What came out for one piece of work. */
export interface Pair {
  readonly ours: Times;
  readonly torch: Times | null;
}

/** Our worker in a process of its own; `command` is what Node runs. */
export async function startOurs(threads: number, command: readonly string[], device = 'cpu'): Promise<Side> {
  const ours = await Side.start(process.execPath, [...command, String(threads), device], process.env, false);
  if (!ours) throw new Error('bench: the worker of our side did not start');
  return ours;
}
/** PyTorch's worker, null without PyTorch. */
export function startTorch(threads: number, asInstalled: boolean, device = 'cpu'): Promise<Side | null> {
  const quiet = process.env.FLAMBEAU_PYTHON === undefined;
  return Side.start(python, [file('worker.py'), String(threads), device], twinEnvironment(threads, asInstalled), quiet);
}

/** The two workers. Without PyTorch the second is null, and only ours is timed. */
export class Sides {
  readonly ours: Side;
  readonly torch: Side | null;
  private constructor(ours: Side, torch: Side | null) {
    this.ours = ours;
    this.torch = torch;
  }
  static async start(threads: number, asInstalled = false, device = 'cpu'): Promise<Sides> {
    const ours = await startOurs(threads, ['--import', 'tsx', file('worker.ts')], device);
    return new Sides(ours, await startTorch(threads, asInstalled, device));
  }
  get #all(): Side[] {
    return this.torch ? [this.ours, this.torch] : [this.ours];
  }

  /** The first line of a report: the machine and the versions. */
  describe(threads: number): string {
    return (
      `${os.cpus()[0]?.model.trim() ?? '?'}, ${threads} thread${threads > 1 ? 's' : ''}; ` +
      `flambeau on ${this.ours.version}; ` +
      (this.torch
        ? `${this.torch.version}, eager`
        : `no PyTorch (python3 has none; set FLAMBEAU_PYTHON to one that does): the ratio is missing`)
    );
  }

  /** Times one workload on both sides: A B A B … */
  async measure(name: string, fresh: boolean, effort: Effort): Promise<Pair> {
    const steps: number[] = [];
    const times: number[][] = [];
    for (const side of this.#all) {
      const ms = await side.ask({ prepare: name, warmupMs: effort.warmupMs });
      steps.push(Math.max(1, Math.round(effort.blockMs / ms)));
      times.push([]);
    }
    const end = performance.now() + effort.budgetMs * steps.length;
    for (let i = 0; i < effort.samples && (i < 3 || performance.now() < end); i++) {
      for (const [s, side] of this.#all.entries()) {
        await pause(5); // threads of the other side that still spin come to rest
        times[s]!.push(await side.ask({ run: name, count: steps[s], fresh }));
      }
    }
    for (const side of this.#all) await side.ask({ drop: name });
    return { ours: summary(times[0]!), torch: this.torch ? summary(times[1]!) : null };
  }

  /** Both sides compute with so many threads from now on. */
  async setThreads(threads: number): Promise<void> {
    for (const side of this.#all) await side.ask({ threads });
  }
  stop(): void {
    for (const side of this.#all) side.stop();
  }
}
