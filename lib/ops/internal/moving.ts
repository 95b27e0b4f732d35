// Values from one device to another: as bytes, in the dtype and layout that they are to have. Called by convert.ts.
import { waiting } from '../../cuda/native.ts';
import type { Device } from '../../device.ts';
import { nonOverlappingAndDense, runMap } from '../../dispatch.ts';
import type { DType } from '../../dtype.ts';
import { kernel, native } from '../../native.ts';
import { contiguousStrides, sameShape, type Shape } from '../../shape.ts';
import { emptyTensor, Tensor } from '../../tensor.ts';

const copyKernel = kernel('copy');

/** Memory for `sizes` in a layout without gaps. */
function fresh(sizes: Shape, dt: DType, strides: Shape, device: Device): Tensor {
  const out = emptyTensor(sizes, dt, device);
  return sameShape(strides, out.strides) ? out : new Tensor(out.storage, dt, sizes, strides, 0, out.count);
}

/** A copy of `x`, unrecorded, as another dtype, in another order of dims, on any device. */
export function copied(x: Tensor, dt: DType, strides: Shape, device: Device, nonBlocking = false): Tensor {
  const out = fresh(x.sizes, dt, strides, device);
  if (x.device === device) runMap(copyKernel, x.sizes, [out, x], dt);
  else sendBytes(out, x, nonBlocking);
  return out;
}

/** Fills `to`, which has no gaps, with the values of `x`, of the same shape and elsewhere. */
function sendBytes(to: Tensor, x: Tensor, nonBlocking: boolean): void {
  const asItIs = x.dt === to.dt && sameShape(x.strides, to.strides);
  const source = asItIs ? x : copied(x, to.dt, to.strides, x.device);
  if (to.count === 0) return;
  const size = to.dt.size;
  waiting('to', () =>
    native.copyBytes(
      to.storage.handle,
      to.storage.byteOffset + to.offset * size,
      source.storage.handle,
      source.storage.byteOffset + source.offset * size,
      to.count * size,
      // memory of the CPU that was made on the way is gone when this returns
      nonBlocking && (asItIs || source.isCuda),
    ),
  );
}

/** Writes the values of `source`, broadcast, to `to`, which is on another device. */
export function send(to: Tensor, source: Tensor, nonBlocking = false): void {
  if (sameShape(to.sizes, source.sizes) && nonOverlappingAndDense(to.sizes, to.strides)) {
    sendBytes(to, source, nonBlocking);
    return;
  }
  const there = copied(source, to.dt, contiguousStrides(source.sizes), to.device, nonBlocking);
  runMap(copyKernel, to.sizes, [to, there], to.dt);
}
