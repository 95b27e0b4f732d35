// What lazy layers share: parameters that wait for their shape, and the change into the ordinary layer.
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { FactoryOptions } from './internal.ts';
import { isLazy, UninitializedParameter } from './parameter.ts';

/** Gives these shapes to what waits for them; whether anything did. */
export function materialized(parts: readonly (readonly [Tensor | null, Shape])[]): boolean {
  let any = false;
  for (const [x, shape] of parts) {
    if (!isLazy(x)) continue;
    x.materialize(shape);
    any = true;
  }
  return any;
}
/** Makes a lazy layer the ordinary one. A hook may have kept the lazy forward, which then finds it done. */
export function become(module: object, kind: { readonly prototype: object }): void {
  if (Object.getPrototypeOf(module) !== kind.prototype) Object.setPrototypeOf(module, kind.prototype);
}
/** What waits: its gradient, device and dtype are known. */
export const waiting = ({ device, dtype }: FactoryOptions): UninitializedParameter =>
  new UninitializedParameter({ device, dtype });
