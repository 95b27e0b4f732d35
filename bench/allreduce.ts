// All-reduce on several processes of this machine, against Open MPI's own in C: `npm run bench:mpi [processes]`. Both sides run
// by turns, so that what else the machine does meets both; the least time of each counts.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMpi } from '../scripts/mpi-toolchain.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const processes = process.argv[2] ?? '2';
const TURNS = Number(process.env.FLAMBEAU_TURNS ?? 3);
/** Bytes of a call, and calls of a round: short ones, of which some meet nobody else on their cores. */
const SIZES: readonly (readonly [bytes: number, times: number])[] = [
  [4, 300],
  [64, 300],
  [1024, 300],
  [16384, 50],
  [262144, 10],
  [1048576, 4],
  [4194304, 2],
  [16777216, 1],
  [67108864, 1],
];

const mpi = findMpi();
if (mpi === null) throw new Error('bench: there is no mpicc: see `npm run build:mpi`');
const folder = join(root, 'build', 'mpi');
mkdirSync(folder, { recursive: true });
const program = join(folder, 'allreduce');
execFileSync(mpi.mpicc, ['-O2', '-std=c11', '-o', program, join(root, 'bench', 'allreduce.c')], { stdio: 'inherit' });

const least = { c: new Map<number, number>(), ours: new Map<number, number>() };
function turn(side: keyof typeof least, command: readonly string[]): void {
  const sizes = SIZES.flat().map(String);
  const text = execFileSync(mpi!.mpirun, ['-n', processes, ...command, ...sizes], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  });
  for (const line of text.trim().split('\n')) {
    const [bytes, seconds] = line.split(' ').map(Number) as [number, number];
    least[side].set(bytes, Math.min(seconds, least[side].get(bytes) ?? Number.POSITIVE_INFINITY));
  }
}
for (let i = 0; i < TURNS; i++) {
  turn('c', [program]);
  turn('ours', [process.execPath, '--import', 'tsx', join(root, 'bench', 'allreduce-side.ts')]);
}

console.log(`all-reduce of float32 on ${processes} processes (${mpi.name}), the least of ${TURNS} turns`);
console.log('   bytes      C, us   flambeau, us   C, GB/s   flambeau, GB/s   share');
for (const [bytes] of SIZES) {
  const c = least.c.get(bytes)!;
  const ours = least.ours.get(bytes)!;
  const row = [
    String(bytes).padStart(8),
    (c * 1e6).toFixed(2).padStart(10),
    (ours * 1e6).toFixed(2).padStart(14),
    (bytes / c / 1e9).toFixed(3).padStart(9),
    (bytes / ours / 1e9).toFixed(3).padStart(16),
    (c / ours).toFixed(3).padStart(7),
  ];
  console.log(row.join(' '));
}
