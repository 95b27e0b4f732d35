// Registers, shared memory and occupancy of each CUDA kernel, as ptxas compiled it: `node scripts/cuda-table.mjs
// [a part of a name]` after `npm run build:cuda`. Without an argument the kernels are summed up file by file, and those that
// spill registers are an error.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const folder = join('build', 'cuda', 'kernels');
const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.ptxas.json')) : [];
const kernels = files.flatMap((file) =>
  JSON.parse(readFileSync(join(folder, file), 'utf8')).map((k) => ({ ...k, file: file.replace('.o.ptxas.json', '') })),
);
if (kernels.length === 0) {
  process.stderr.write('cuda-table: nothing was compiled for GPUs: run `npm run build:cuda`\n');
  process.exit(1);
}

// Per processor: warps, registers, bytes of shared memory (CUDA C++ Programming Guide, compute capabilities).
const PROCESSORS = {
  sm_75: { warps: 32, registers: 65536, shared: 65536, blocks: 16 },
  sm_80: { warps: 64, registers: 65536, shared: 167936, blocks: 32 },
  sm_90: { warps: 64, registers: 65536, shared: 233472, blocks: 32 },
};
const THREADS = 256;
/** The part of a processor's warps that blocks of THREADS threads can fill. */
function occupancy({ target, registers, shared }) {
  const p = PROCESSORS[target];
  if (!p) return Number.NaN;
  const perWarp = Math.ceil((registers * 32) / 256) * 256;
  const byRegisters = Math.floor(Math.floor(p.registers / perWarp) / (THREADS / 32));
  const byShared = Math.floor(p.shared / (shared + 1024));
  return (Math.min(p.blocks, byRegisters, byShared, (p.warps * 32) / THREADS) * (THREADS / 32)) / p.warps;
}
const percent = (x) => `${Math.round(100 * x)} %`;

const part = process.argv[2];
if (part === undefined) {
  const groups = Map.groupBy
    ? Map.groupBy(kernels, (k) => `${k.file} ${k.target}`)
    : kernels.reduce(
        (m, k) => m.set(`${k.file} ${k.target}`, [...(m.get(`${k.file} ${k.target}`) ?? []), k]),
        new Map(),
      );
  console.log(
    `| file | target | kernels | registers, most | shared memory, most | spills | occupancy at ${THREADS} threads, least and mean |`,
  );
  console.log('|---|---|---:|---:|---:|---:|---:|');
  for (const [key, list] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const most = (f) => Math.max(...list.map(f));
    const o = list.map(occupancy);
    console.log(
      `| ${key.replace(' ', ' | ')} | ${list.length} | ${most((k) => k.registers)} | ${most((k) => k.shared)} | ${list.reduce((n, k) => n + k.spills, 0)} | ${percent(Math.min(...o))}, ${percent(o.reduce((a, b) => a + b) / o.length)} |`,
    );
  }
  const spilling = kernels.filter((k) => k.spills > 0);
  for (const k of spilling) console.error(`${k.file}: ${k.name} (${k.target}) spills ${k.spills} bytes`);
  if (spilling.length > 0) process.exitCode = 1;
} else {
  const readable = spawnSync('c++filt', { input: kernels.map((k) => k.name).join('\n'), encoding: 'utf8' });
  const names = readable.status === 0 ? readable.stdout.split('\n') : kernels.map((k) => k.name);
  console.log('| kernel | target | registers | shared memory | stack | spills | occupancy |');
  console.log('|---|---|---:|---:|---:|---:|---:|');
  kernels.forEach((k, i) => {
    const name = names[i].replaceAll('flambeau::cuda::', '').replaceAll('(anonymous namespace)::', '').split('(')[0];
    if (!name.includes(part) && !k.file.includes(part)) return;
    console.log(
      `| ${name} | ${k.target} | ${k.registers} | ${k.shared} | ${k.stack} | ${k.spills} | ${percent(occupancy(k))} |`,
    );
  });
}
