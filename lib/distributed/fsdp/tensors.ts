// The tensors in what modules take and give: lists, plain objects and named results of them. Called by unit.ts.
import { isPlain } from '../../calls.ts';
import { Tensor } from '../../tensor.ts';

/** The same value with other tensors; what is neither a list nor a plain object stays as it is. */
export function mapTensors(x: unknown, f: (x: Tensor) => Tensor): unknown {
  if (x instanceof Tensor) return f(x);
  if (Array.isArray(x) && Object.getPrototypeOf(x) === Array.prototype)
    return (x as unknown[]).map((value) => mapTensors(value, f));
  if (!isPlain(x)) return x;
  return Object.fromEntries(Object.entries(x).map(([key, value]) => [key, mapTensors(value, f)]));
}

/** All tensors in a value. */
export function tensorsIn(x: unknown): Tensor[] {
  const found = new Set<Tensor>();
  const seen = new Set<object>();
  const walk = (value: unknown): void => {
    if (value instanceof Tensor) found.add(value);
    if (typeof value !== 'object' || value === null || value instanceof Tensor || seen.has(value)) return;
    if (ArrayBuffer.isView(value)) return;
    seen.add(value);
    if (value instanceof Map || value instanceof Set) value.forEach(walk);
    else Object.values(value).forEach(walk);
  };
  walk(x);
  return [...found];
}
