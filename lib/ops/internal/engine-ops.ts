// What the autograd engine needs of operators: plain additions, casts and sums to a shape.
import { runMap } from '../../dispatch.ts';
import type { DType } from '../../dtype.ts';
import { ShapeError } from '../../errors.ts';
import { kernel } from '../../native.ts';
import { type Shape, show } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

const addKernel = kernel('add');
const fillKernel = kernel('fill');
const mulKernel = kernel('mul');
const copyKernel = kernel('copy');

/** `to += g`, unrecorded. */
export function addInto(to: Tensor, g: Tensor): void {
  const source = g.dt === to.dt ? g : g.detach().to(to.dt.name);
  runMap(addKernel, to.sizes, [to, to, source], to.dt);
  to.storage.version++;
}

/** `to = g * factor`, unrecorded; of one shape, dtype and device. */
export function scaleInto(to: Tensor, g: Tensor, factor: number): void {
  if (factor === 1) runMap(copyKernel, to.sizes, [to, g], to.dt);
  else runMap(mulKernel, to.sizes, [to, g, factor], to.dt);
  to.storage.version++;
}

/** A dense copy without history. */
export const clone = (g: Tensor): Tensor => g.detach().clone();

export const cast = (g: Tensor, dt: DType): Tensor => g.to(dt.name);

export function onesLike(x: Tensor): Tensor {
  const out = emptyTensor(x.sizes, x.dt, x.device);
  runMap(fillKernel, out.sizes, [out, 1], out.dt);
  return out;
}

/** The sum over the dims that broadcasting added or widened. Throws ShapeError if `shape` does not broadcast to `g`'s. */
export function sumTo(where: string, g: Tensor, shape: Shape): Tensor {
  const pad = g.sizes.length - shape.length;
  const dims: number[] = [];
  for (let d = 0; d < g.sizes.length; d++) {
    const n = d < pad ? 1 : shape[d - pad]!;
    if (d < pad || (n === 1 && g.sizes[d] !== 1)) dims.push(d);
    else if (n !== g.sizes[d]) {
      throw new ShapeError(
        `${where}: returned a gradient of shape ${show(g.sizes)} for an input of shape ${show(shape)}`,
      );
    }
  }
  const sum = dims.length > 0 ? g.sum(dims, true) : g;
  return pad > 0 ? sum.view(...shape) : sum;
}
