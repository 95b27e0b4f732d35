// Checks and times a GPU: `npm run cuda:check`. Every operator of the test table on cuda:0 against the CPU, then products,
// bandwidth and training steps beside the GPU's peak, in one table to send back. Bundled to dist/cuda-check.mjs by
// scripts/cuda-check.mjs: a folder with dist/ and build/Release/ is all that a machine without network needs.
import { parseArgs } from 'node:util';
import * as torch from '../lib/index.ts';
import * as ops from '../lib/ops/index.ts';
import type { DTypeName } from '../lib/dtype.ts';
import { flat, isSpec, lcg, replace, tensorOf, tensorsOf, TOLERANCE, valuesOf } from '../test/helpers.ts';
import { callsOf, type Sample, samples } from '../test/samples/index.ts';
import { train as trainCnn } from '../examples/scripts/mnist-cnn.ts';
import { train as trainVae } from '../examples/scripts/vae.ts';

const { values: options } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda:0' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const device = options.device;
if (!torch.cuda.isAvailable()) {
  try {
    torch.zeros(1, { device });
  } catch (error) {
    console.log((error as Error).message);
  }
  process.exit(1);
}
const properties = torch.cuda.getDeviceProperties(device);
const emulated = 'emulator.launches' in torch.cuda.memoryStats(device);
const small = options.quick || emulated;

// ---- every operator -------------------------------------------------------------------------------------------------

type Fn = (...args: readonly unknown[]) => unknown;
const functions: Record<string, unknown> = { ...torch.special, ...ops };
const plain = (name: string): Fn =>
  (name.startsWith('linalg.') ? (torch.linalg as Record<string, unknown>)[name.slice(7)] : functions[name]) as Fn;

interface Outcome {
  calls: number;
  wrong: string[];
  absent: Set<string>;
}
/** Each call of an operator on both devices; inputs are made on the CPU. */
function compare(name: string, sample: Sample, out: Outcome): void {
  const f = sample.through ? sample.through(plain(name)) : plain(name);
  for (const call of callsOf(sample)) {
    const build = (to: string): unknown[] => {
      const random = lcg(`${name}${call.key}`);
      return call.args.map((a) =>
        replace(a, (s) => tensorOf(valuesOf(s, call.dtype, random), s.shape, s.dtype ?? call.dtype).to(to)),
      );
    };
    let wanted: torch.Tensor[];
    try {
      wanted = tensorsOf(torch.noGrad(() => f(...build('cpu'))));
    } catch {
      continue; // what the CPU refuses is the table's own matter
    }
    if (!call.args.some((a) => isSpec(a) || Array.isArray(a))) continue;
    out.calls++;
    try {
      torch.setDefaultDevice(device); // what a sample makes on the way is to be there, too
      const got = tensorsOf(torch.noGrad(() => f(...build(device))));
      wanted.forEach((w, i) => {
        const g = got[i];
        if (g === undefined || g.dtype !== w.dtype || g.sizes.join() !== w.sizes.join())
          throw new Error(`result ${i} is ${g?.dtype}[${g?.sizes}], not ${w.dtype}[${w.sizes}]`);
        const [a, b] = [flat(g), flat(w)];
        const most = 4 * (TOLERANCE[w.dtype as DTypeName] ?? 0) * (sample.tolerance ?? 1);
        const bad = b.findIndex(
          (x, k) => !(Object.is(a[k], x) || a[k] === x || Math.abs(a[k]! - x) <= most * Math.max(1, Math.abs(x))),
        );
        if (bad >= 0) throw new Error(`element ${bad} is ${a[bad]}, on the CPU ${b[bad]}`);
      });
    } catch (error) {
      const { message } = error as Error;
      const missing = /^(\w+): not implemented on/.exec(message);
      if (missing) out.absent.add(missing[1]!);
      else out.wrong.push(`${name}(${call.key}): ${message.split('\n')[0]}`);
    } finally {
      torch.setDefaultDevice('cpu');
    }
  }
}
/** Drawn, or not defined: there is nothing to compare. */
const RANDOM = /^(new)?[eE]mpty|[rR]and|dropout|Dropout|bernoulli|multinomial|normal|poisson|rrelu|gumbel|fractional|Lowrank/;

function checkOperators(): void {
  const out: Outcome = { calls: 0, wrong: [], absent: new Set() };
  torch.backends.cudnn.allowTf32 = false; // as the CPU computes
  const start = performance.now();
  for (const [name, sample] of Object.entries(samples) as [string, Sample][]) {
    if (RANDOM.test(name) || sample.elsewhere !== undefined || !name.includes(options.only)) continue;
    if (plain(name) !== undefined) compare(name, sample, out);
  }
  torch.backends.cudnn.allowTf32 = true;
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`\noperators: ${out.calls} calls against the CPU in ${seconds} s, ${out.wrong.length} differ`);
  if (out.absent.size > 0) console.log(`without a kernel: ${[...out.absent].sort().join(', ')}`);
  for (const line of out.wrong.slice(0, 40)) console.log(`  ${line}`);
  if (out.wrong.length > 0) process.exitCode = 1;
}

// ---- time -----------------------------------------------------------------------------------------------------------

const table: [what: string, time: string, rate: string, peak: string][] = [];
/** Milliseconds of one call: events around several, after some that warm up. */
function timed(f: () => void): number {
  for (let i = 0; i < 3; i++) f();
  let count = 1;
  for (;;) {
    const [from, to] = [new torch.cuda.Event({ enableTiming: true }), new torch.cuda.Event({ enableTiming: true })];
    from.record();
    for (let i = 0; i < count; i++) f();
    to.record();
    to.synchronize();
    const ms = from.elapsedTime(to);
    if (ms > (small ? 20 : 300) || count >= 4096) return ms / count;
    count *= 2;
  }
}
const ms = (t: number): string => `${t < 1 ? t.toFixed(4) : t.toFixed(2)} ms`;

// Multiply-adds of float32 per processor and clock (CUDA C++ Programming Guide, arithmetic throughput).
const LANES: Readonly<Record<string, number>> = { '7.0': 64, '7.5': 64, '8.0': 64, '8.6': 128, '8.9': 128, '9.0': 128 };
const lanes = LANES[`${properties.major}.${properties.minor}`] ?? 128;
const peakFlops = 2 * lanes * properties.multiProcessorCount * properties.clockRate * 1e3;
const peakBytes = (2 * properties.memoryClockRate * 1e3 * properties.memoryBusWidth) / 8;
const share = (x: number, peak: number): string => (peak > 0 ? `${((100 * x) / peak).toFixed(0)} %` : '');

function timeProducts(): void {
  for (const n of small ? [64] : [512, 1024, 2048, 4096, 8192]) {
    for (const dtype of ['float32', 'float16', 'bfloat16', 'float64'] as const) {
      if (dtype === 'float64' && n > 2048) continue;
      const [a, b] = [torch.randn(n, n), torch.randn(n, n)].map((x) => x.to(dtype).to(device)) as [
        torch.Tensor,
        torch.Tensor,
      ];
      const t = timed(() => a.matmul(b).dispose());
      const rate = (2 * n ** 3) / (t / 1e3);
      table.push([
        `matmul ${n}³ ${dtype}`,
        ms(t),
        `${(rate / 1e12).toFixed(2)} TFLOP/s`,
        dtype === 'float32' ? share(rate, peakFlops) : '',
      ]);
    }
  }
}
function timeBandwidth(): void {
  const n = small ? 1 << 12 : 1 << 26;
  const [x, y] = [torch.randn(n).to(device), torch.randn(n).to(device)];
  const rows = x.view(-1, small ? 64 : 4096);
  const row = (what: string, bytes: number, f: () => torch.Tensor): void => {
    const t = timed(() => f().dispose());
    const rate = bytes / (t / 1e3);
    table.push([`${what}, ${n} floats`, ms(t), `${(rate / 1e9).toFixed(0)} GB/s`, share(rate, peakBytes)]);
  };
  row('clone', 8 * n, () => x.clone());
  row('add', 12 * n, () => x.add(y));
  row('exp', 8 * n, () => x.exp());
  row('copy of a transpose', 8 * n, () => rows.t().contiguous());
  row('sum', 4 * n, () => x.sum());
  row('sum of rows', 4 * n, () => rows.sum(1));
  row('sum of columns', 4 * n, () => rows.sum(0));
  row('softmax', 8 * n, () => rows.softmax(-1));
  row('layerNorm', 8 * n, () => torch.nn.functional.layerNorm(rows, [rows.size(1)]));
  const launch = timed(() => torch.zeros(1, { device }).dispose());
  table.push(['smallest operation', ms(launch), '', '']);
}
function timeSteps(): void {
  const steps = small ? 2 : 30;
  for (const [name, train] of [
    ['mnist-cnn', trainCnn],
    ['vae', trainVae],
  ] as const) {
    for (const where of ['cpu', device]) {
      const training = train({ steps: steps + 2, seed: 1, device: where });
      training.next();
      training.next();
      const start = performance.now();
      let count = 0;
      for (; count < steps && !training.next().done; count++);
      if (where !== 'cpu') torch.cuda.synchronize();
      table.push([`step of ${name} on ${where}`, ms((performance.now() - start) / count), '', '']);
    }
  }
}

console.log(
  `${properties.name}, compute capability ${properties.major}.${properties.minor}, ${properties.multiProcessorCount} processors, ` +
    `${(properties.totalMemory / 2 ** 30).toFixed(1)} GiB; peak ${(peakFlops / 1e12).toFixed(1)} TFLOP/s of float32, ${(peakBytes / 1e9).toFixed(0)} GB/s` +
    (emulated ? ' (the emulator: times mean nothing)' : ''),
);
for (const { name, version, path, reason } of torch.cuda.libraries())
  console.log(`${name} ${version}: ${reason || path}`);
checkOperators();
for (const part of [timeProducts, timeBandwidth, timeSteps]) {
  try {
    part();
  } catch (error) {
    console.log(`${part.name}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
const widths = [0, 1, 2, 3].map((k) => Math.max(...table.map((row) => row[k]!.length), 4));
console.log(`\n| ${['what', 'time', 'rate', 'of the peak'].map((h, k) => h.padEnd(widths[k]!)).join(' | ')} |`);
console.log(`|${widths.map((w) => '-'.repeat(w + 2)).join('|')}|`);
for (const row of table) console.log(`| ${row.map((cell, k) => cell.padEnd(widths[k]!)).join(' | ')} |`);
