// What stands for `start:stop:step` in an index: objects, and strings read as Python reads them.
import { describe } from '../../errors.ts';

/**
 * A range of positions along one dim; {@link slice} makes it.
 * @example
 * String(torch.slice(1, 3)) // slice(1, 3, 1)
 */
export class Slice {
  readonly start: number | null;
  readonly stop: number | null;
  readonly step: number;
  constructor(start: number | null, stop: number | null, step: number) {
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  /** As Python writes it: `slice(1, 3, 1)`. */
  toString(): string {
    return `slice(${this.start}, ${this.stop}, ${this.step})`;
  }
}

function whole(name: string, value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`slice: expected a whole number or null for ${name} but received ${describe(value)}`);
  }
  return value;
}

/**
 * `start:stop:step` for `x.index(…)`; null leaves a bound out. Throws RangeError for steps that are not positive.
 * @example
 * torch.tensor([1, 2, 3, 4]).index(torch.slice(1, 3)) // tensor([2, 3])
 */
export function slice(start?: number | null, stop?: number | null, step?: number | null): Slice {
  const by = whole('step', step) ?? 1;
  if (by <= 0) throw new RangeError(`slice: step must be greater than zero but got ${by}`);
  return new Slice(whole('start', start), whole('stop', stop), by);
}

const PATTERN = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;
/** A string such as `'1:3'` or `'::2'`. */
export function parseSlice(where: string, text: string): Slice {
  const match = PATTERN.exec(text);
  if (!match)
    throw new TypeError(`${where}: expected a slice such as '1:3', '::2' or '...' but received ${describe(text)}`);
  const [start, stop, step] = [match[1], match[2], match[3]].map((s) => (s === undefined ? null : Number(s)));
  return slice(start, stop, step);
}
