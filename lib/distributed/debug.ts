// The debug mode: before each collective all ranks compare what they are about to do, so that calls that do not fit are named,
// not waited for. FLAMBEAU_DISTRIBUTED_DEBUG=detail, or PyTorch's TORCH_DISTRIBUTED_DEBUG=DETAIL. Used by collectives.ts.
import { describe } from '../errors.ts';
import { show, type Shape } from '../shape.ts';
import { DistBackendError } from './errors.ts';

/** What is compared: `OFF` and `INFO` nothing, `DETAIL` each collective. */
export type DebugLevel = 'OFF' | 'INFO' | 'DETAIL';
const LEVELS: readonly string[] = ['OFF', 'INFO', 'DETAIL'];

function fromEnvironment(): DebugLevel {
  for (const name of ['FLAMBEAU_DISTRIBUTED_DEBUG', 'TORCH_DISTRIBUTED_DEBUG']) {
    const value = process.env[name];
    if (value === undefined || value === '') continue;
    const level = value.toUpperCase();
    if (!LEVELS.includes(level)) throw new TypeError(`${name}: expected off, info or detail but it is '${value}'`);
    return level as DebugLevel;
  }
  return 'OFF';
}
let level: DebugLevel | null = null;

/**
 * The level of the debug mode: what {@link setDebugLevel} set, or what FLAMBEAU_DISTRIBUTED_DEBUG or TORCH_DISTRIBUTED_DEBUG say.
 * @example
 * torch.distributed.getDebugLevel() // OFF
 */
export function getDebugLevel(): DebugLevel {
  return (level ??= fromEnvironment());
}
/**
 * Sets the level, which must be the same on all ranks. With `'DETAIL'` each collective first compares its function, its number
 * in the group, shapes, dtype, reduction and root, and throws DistBackendError on all ranks where they differ. Throws TypeError
 * for other words.
 * @example
 * torch.distributed.setDebugLevel('DETAIL')
 * const level = torch.distributed.getDebugLevel()
 * torch.distributed.setDebugLevel('OFF')
 * level // DETAIL
 */
export function setDebugLevel(to: DebugLevel): void {
  if (!LEVELS.includes(to))
    throw new TypeError(`setDebugLevel: expected OFF, INFO or DETAIL but received ${describe(to)}`);
  level = to;
}

/** What all ranks of a group must agree on. */
export function fingerprint(
  where: string,
  call: number,
  dtype: string,
  shapes: readonly Shape[],
  op: string | null,
  root: number | null,
): string {
  const parts = [`${where}(${shapes.map(show).join(', ')}${shapes.length > 0 ? ` ${dtype}` : ''}`];
  if (op !== null) parts.push(`ReduceOp.${op}`);
  if (root !== null) parts.push(`rank ${root} of the group`);
  return `${parts.join(', ')}), call ${call} of the group`;
}

/** The error for ranks that do not agree: what each is about to do, equal ones together. */
export function mismatch(where: string, ranks: readonly number[], said: readonly string[]): DistBackendError {
  const by = new Map<string, number[]>();
  said.forEach((line, i) => by.set(line, [...(by.get(line) ?? []), ranks[i] ?? i]));
  const lines = [...by].map(([line, who]) => `\n  ${who.length > 1 ? 'ranks' : 'rank'} ${who.join(', ')}: ${line}`);
  return new DistBackendError(`${where}: the ranks do not make the same call:${lines.join('')}`);
}
