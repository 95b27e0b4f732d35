// What the tests of distributions share: trees that describe what to build, as scripts/oracle-transforms.py writes them.
import assert from 'node:assert/strict';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { expectClose, flat } from './helpers.ts';

const D = torch.distributions;
const { constraints: C } = D;
type Transform = torch.distributions.Transform;

export interface Data {
  v: (number | string | boolean)[];
  s: number[];
  d: DTypeName;
}
/** What is built: ['Name', argument, …]. */
export type Tree = [name: string, ...args: Given[]];
export type Given = Data | number | null | Tree | { list: Given[] } | { [name: string]: Given };

export const tensor = ({ v, s, d }: Data): torch.Tensor => torch.tensor(v.map(Number), { dtype: d }).reshape(s);
export function expectData(got: torch.Tensor, wanted: Data, what: string, tolerance = 1e-9): void {
  assert.equal(`${got.dtype}[${got.sizes}]`, `${wanted.d}[${wanted.s}]`, what);
  expectClose(flat(got), wanted.v.map(Number), tolerance, what);
}
export function build(given: Given): unknown {
  if (typeof given !== 'object' || given === null) return given;
  if (Array.isArray(given)) {
    const [name, ...rest] = given as Tree;
    const args = rest.map(build);
    if (name === 'inv') return (args[0] as Transform).inv;
    const found: unknown = Reflect.get(name in C ? C : D, name);
    if (typeof found !== 'function') return found;
    if (/^[A-Z]/.test(name)) return Reflect.construct(found, args);
    return (found as (...args: unknown[]) => unknown)(...args);
  }
  if ('list' in given) return (given.list as Given[]).map(build);
  if ('v' in given) return tensor(given as Data);
  return Object.fromEntries(Object.entries(given).map(([k, v]) => [k, build(v)]));
}
