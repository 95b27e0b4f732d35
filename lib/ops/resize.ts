// resize_ and resizeAs_: a tensor gets another shape, and more memory where it needs it. Found by ops/inplace.ts.
import { inPlaceForms } from '../define.ts';
import { checkInference, checkTensor, runMap } from '../dispatch.ts';
import { AutogradError, inNameOf } from '../errors.ts';
import { spread } from '../methods.ts';
import { kernel } from '../native.ts';
import { checkShape, contiguousStrides, listOf, type Shape, sizeOf } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

const copyKernel = kernel('copy');

function resize(where: string, x: Tensor, shape: Shape): Tensor {
  checkTensor(where, x);
  checkInference(where, x);
  const sizes = checkShape(where, shape).slice();
  if (x.requiresGrad) throw new AutogradError(`${where}: cannot resize variables that require grad`);
  const count = sizeOf(sizes);
  const room = Math.floor(x.storage.nbytes / x.dt.size);
  if (x.offset + count > room) {
    const fresh = emptyTensor([count], x.dt, x.device);
    const kept = Math.max(0, Math.min(room - x.offset, count));
    if (kept > 0) {
      const [to, from] = [fresh, x].map((y) => new Tensor(y.storage, y.dt, [kept], [1], y.offset)) as [Tensor, Tensor];
      runMap(copyKernel, [kept], [to, from], x.dt);
    }
    fresh.storage.inference = x.storage.inference;
    x.storage = fresh.storage;
    x.offset = fresh.offset;
    x.base = null;
  }
  x.sizes = sizes;
  x.strides = contiguousStrides(sizes);
  x.count = count;
  x.dense = true;
  x.shown = null;
  x.storage.version++;
  return x;
}

inPlaceForms.set(
  'resize',
  spread(
    (x: Tensor, ...sizes: (number | Shape)[]): Tensor =>
      inNameOf('resize_', () => resize('resize_', x, listOf('resize_', sizes))),
  ),
);
inPlaceForms.set(
  'resizeAs',
  (x: Tensor, other: Tensor): Tensor =>
    inNameOf('resizeAs_', () => {
      checkTensor('resizeAs_', other, 'other');
      return resize('resizeAs_', x, other.sizes);
    }),
);
