// Compiles one kernel file for cuda/CMakeLists.txt: `node nvcc.mjs OBJECT nvcc…`. What ptxas says of registers and spills
// goes to OBJECT.ptxas.json: scripts/cuda-table.mjs shows it, and fails where one spills registers.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [object, command, ...args] = process.argv.slice(2);
const { status, stdout, stderr, error } = spawnSync(command, [...args, '-Xptxas', '-v'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 28,
});
const kernels = [];
const rest = [];
let at = null;
for (const line of `${stdout ?? ''}${stderr ?? ''}`.split('\n')) {
  const entry = /Compiling entry function '(\w+)' for '(\w+)'/.exec(line);
  const spill = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line);
  const used = /Used (\d+) registers(?:.*?(\d+) bytes smem)?/.exec(line);
  if (entry) kernels.push((at = { name: entry[1], target: entry[2], registers: 0, shared: 0, stack: 0, spills: 0 }));
  else if (spill && at) Object.assign(at, { stack: Number(spill[1]), spills: Number(spill[2]) + Number(spill[3]) });
  else if (used && at) Object.assign(at, { registers: Number(used[1]), shared: Number(used[2] ?? 0) });
  else if (line !== '' && !/^ptxas info|^\s+Function properties|bytes gmem/.test(line)) rest.push(line);
}
if (rest.length > 0) process.stderr.write(`${rest.join('\n')}\n`);
if (error) process.stderr.write(`${error.message}\n`);
if (status !== 0) process.exit(status ?? 1);
writeFileSync(`${object}.ptxas.json`, JSON.stringify(kernels));
