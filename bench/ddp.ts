// Weak scaling of data-parallel training: GPT steps in one process on one thread, and in several of one thread each, the same
// batch in each; beside PyTorch's DistributedDataParallel over Gloo. All four take turns. Options: --processes, --batch,
// --rounds, --blocks, --steps. PyTorch's Python is FLAMBEAU_PYTHON, as for run.ts.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '2' },
    batch: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '3' },
    blocks: { type: 'string', default: '5' },
    steps: { type: 'string', default: '10' },
  },
});
const here = fileURLToPath(new URL('.', import.meta.url));
const python = process.env.FLAMBEAU_PYTHON ?? 'python3';
const work = [values.batch, values.blocks, values.steps];

/** Runs a program; gives the samples per second that it prints, block by block. Null if it does not start or fails. */
function run(command: string, args: readonly string[], env: Record<string, string>): Promise<number[] | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      env: { ...process.env, OMP_NUM_THREADS: '1', FLAMBEAU_NUM_THREADS: '1', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += data.toString()));
    child.on('error', () => resolve(null));
    child.on('close', (code) => {
      const line = said.split('\n').find((text) => text.startsWith('['));
      resolve(code === 0 && line !== undefined ? (JSON.parse(line) as number[]) : null);
    });
  });
}
function ours(processes: number): Promise<number[] | null> {
  const script = ['--import', 'tsx', join(here, 'ddp-side.ts'), ...work];
  if (processes === 1) return run(process.execPath, script, {});
  const mpi = ['-n', `${processes}`, '--oversubscribe', '--bind-to', 'none', process.execPath, ...script];
  const root = process.getuid?.() === 0 ? { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' } : {};
  return run(process.env.FLAMBEAU_MPIRUN ?? 'mpirun', mpi, root as Record<string, string>);
}
async function pytorch(processes: number): Promise<number[] | null> {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-ddp-'));
  const ranks = Array.from({ length: processes }, (_, rank) =>
    run(python, [join(here, 'ddp_torch.py'), ...work], {
      RANK: `${rank}`,
      SIZE: `${processes}`,
      STORE: join(folder, 'store'),
      MALLOC_MMAP_THRESHOLD_: '1073741824',
      MALLOC_TRIM_THRESHOLD_: '1073741824',
    }),
  );
  const [first] = await Promise.all(ranks);
  rmSync(folder, { recursive: true, force: true });
  return first ?? null;
}

const processes = Number(values.processes);
const sides: readonly [string, () => Promise<number[] | null>, number[]][] = [
  ['flambeau, 1 process', () => ours(1), []],
  [`flambeau, ${processes} processes`, () => ours(processes), []],
  ['PyTorch, 1 process', () => pytorch(1), []],
  [`PyTorch, ${processes} processes`, () => pytorch(processes), []],
];
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, side, found] of sides) {
    const rates = await side();
    if (rates === null) console.error(`${name}: no figure`);
    else found.push(...rates);
  }
}
const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const best = (list: readonly number[]): number => Math.max(...list);
const row = (name: string, f: (list: readonly number[]) => number): void => {
  const [one, many, torchOne, torchMany] = sides.map(([, , found]) => f(found)) as [number, number, number, number];
  console.log(
    `${name}: ${one.toFixed(1)} samples/s alone, ${(many * processes).toFixed(1)} of ${processes}: scaling ${((many * processes) / one).toFixed(2)}x ` +
      `(wanted ${(0.9 * processes).toFixed(1)}x); PyTorch ${torchOne.toFixed(1)} and ${(torchMany * processes).toFixed(1)}: ` +
      `${((torchMany * processes) / torchOne).toFixed(2)}x; ours over PyTorch's ${(many / torchMany).toFixed(2)}x (wanted 1.0x)`,
  );
};
row('median', median);
row('best', best);
