// Writes the calls of test/samples/ with their inputs as JSON to standard output, for scripts/oracle.py: of all tables, or
// of those named as arguments.
import { type Arg, isSpec, lcg, type Spec, valuesOf } from '../test/helpers.ts';
import { callsOf, tables, torchOf } from '../test/samples/index.ts';
import type { DTypeName } from '../lib/dtype.ts';

const snake = (name: string): string => name.replace(/(?<=.)[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const number = (v: number): number | string => (Object.is(v, -0) ? '-0' : Number.isFinite(v) ? v : String(v));

/** Whether the gradient by it is stored: where values are by hand, for kinks and ties, which finite differences cannot tell. */
const differentiated = (arg: Spec, run: DTypeName): boolean => run === 'float64' && arg.dtype === null && arg.values !== null && arg.grad;

function encode(arg: Arg, run: DTypeName, random: () => number): unknown {
  if (isSpec(arg)) return { t: arg.dtype ?? run, s: arg.shape, v: valuesOf(arg, run, random).map(number), g: differentiated(arg, run) };
  if (typeof arg === 'number') return Number.isFinite(arg) ? arg : { n: String(arg) };
  if (Array.isArray(arg)) return arg.map((a: Arg) => encode(a, run, random));
  if (typeof arg !== 'object' || arg === null) return arg;
  return { o: Object.fromEntries(Object.entries(arg).map(([k, v]) => [snake(k), encode(v, run, random)])) };
}

const out: Record<string, Record<string, unknown>> = {};
const chosen = process.argv.slice(2);
for (const [table, samples] of Object.entries(tables).filter(([name]) => chosen.length === 0 || chosen.includes(name))) {
 const rows: Record<string, unknown> = (out[table] = {});
 for (const [name, sample] of Object.entries(samples)) {
  const calls: Record<string, unknown> = {};
  for (const { args, dtype, key } of callsOf(sample)) {
    const random = lcg(`${name}${key}`);
    const encoded = args.map((a) => encode(a, dtype, random));
    const last = args.at(-1);
    const named = typeof last === 'object' && last !== null && !Array.isArray(last) && !isSpec(last);
    calls[key] = named ? [encoded.slice(0, -1), (encoded.at(-1) as { o: unknown })] : [encoded, null];
  }
  if (Object.keys(calls).length > 0) rows[name] = { torch: torchOf(name, sample, snake(name)), calls };
 }
}
process.stdout.write(JSON.stringify(out));
