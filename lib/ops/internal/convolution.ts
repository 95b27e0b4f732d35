// Convolution and its two derivatives, each of which is recorded and has the other two as derivatives. Called by ops/conv.ts.
import { record, recordMany } from '../../history.ts';
import { runMap, runStruct } from '../../dispatch.ts';
import { kernel } from '../../native.ts';
import type { Shape } from '../../shape.ts';
import { emptyTensor, type Tensor } from '../../tensor.ts';

const forwardKernel = kernel('conv');
const inputKernel = kernel('convBackwardInput');
const weightKernel = kernel('convBackwardWeight');
const fillKernel = kernel('fill');

/** Groups, then stride, padding and dilation for each spatial dim: the parameters of all three kernels. */
export type ConvParams = readonly number[];

/** All dims but the channels. */
const notChannels = (x: Tensor): number[] => x.sizes.map((_, d) => d).filter((d) => d !== 1);
/** [O] as [1, O, 1, …]. */
const perChannel = (b: Tensor, rank: number): Tensor =>
  b.view(Array.from({ length: rank }, (_, d) => (d === 1 ? b.numel() : 1)));

/** Adds a bias of [O] to [N, O, *], or zeros, where there is nothing to convolve. */
function fillWith(out: Tensor, bias: Tensor | null): Tensor {
  runMap(fillKernel, out.sizes, [out, bias === null ? 0 : perChannel(bias.detach(), out.ndim)], out.dt);
  return out;
}

/** `[N, O, *size]` from x [N, C, *], w [O, C / groups, *] and bias [O]. */
export function convolve(x: Tensor, w: Tensor, bias: Tensor | null, params: ConvParams, size: Shape): Tensor {
  const out = emptyTensor([x.sizes[0]!, w.sizes[0]!, ...size], x.dt, x.device);
  if (out.count > 0) {
    if (x.count === 0 || w.count === 0) fillWith(out, bias);
    else runStruct(forwardKernel, [out, x, w, bias], params);
  }
  return record('convolution', out, [x, w, bias], [x, w], (g, n) => {
    const [z, v] = [n.unpack(0), n.unpack(1)];
    const gx = n.needs(0) ? convolveInput(g, v, null, params, z.sizes.slice(2), z.sizes[1]!) : null;
    if (!n.needs(1)) return [gx, null, bias !== null && n.needs(2) ? g.sum(notChannels(g)) : null];
    const [gw, gb] = convolveWeight(z, g, params, v.sizes, bias !== null && n.needs(2));
    return [gx, gw, gb];
  });
}

/** `[N, channels, *size]` from g [N, O, *], w [O, C / groups, *] and bias [C]: the transposed convolution of g. */
export function convolveInput(
  g: Tensor,
  w: Tensor,
  bias: Tensor | null,
  params: ConvParams,
  size: Shape,
  channels: number,
): Tensor {
  const out = emptyTensor([g.sizes[0]!, channels, ...size], g.dt, g.device);
  if (out.count > 0) {
    if (g.count === 0 || w.count === 0) fillWith(out, bias);
    else runStruct(inputKernel, [out, g, w, bias], params);
  }
  return record('convolution', out, [g, w, bias], [g, w], (gg, n) => {
    const [z, v] = [n.unpack(0), n.unpack(1)];
    return [
      n.needs(0) ? convolve(gg, v, null, params, z.sizes.slice(2)) : null,
      n.needs(1) ? convolveWeight(gg, z, params, v.sizes, false)[0] : null,
      bias !== null && n.needs(2) ? gg.sum(notChannels(gg)) : null,
    ];
  });
}

/** The gradient of a weight of `shape`, and that of the bias if wanted, from x [N, C, *] and g [N, O, *]. */
export function convolveWeight(
  x: Tensor,
  g: Tensor,
  params: ConvParams,
  shape: Shape,
  withBias: boolean,
): [Tensor, Tensor | null] {
  const gw = emptyTensor(shape, x.dt, x.device);
  const gb = withBias ? emptyTensor([shape[0]!], x.dt, x.device) : null;
  if (x.count === 0 || g.count === 0 || gw.count === 0) {
    fillWith(gw, null);
    if (gb !== null) runMap(fillKernel, gb.sizes, [gb, g.count === 0 ? 0 : g.detach().sum(notChannels(g))], gb.dt);
  } else {
    runStruct(weightKernel, [gw, gb, x, g], params);
  }
  recordMany('convolutionBackward', gb === null ? [gw] : [gw, gb], [x, g], [x, g], ([ggw, ggb], n) => {
    const [z, h] = [n.unpack(0), n.unpack(1)];
    const gx = n.needs(0) && ggw ? convolveInput(h, ggw, null, params, z.sizes.slice(2), z.sizes[1]!) : null;
    if (!n.needs(1)) return [gx, null];
    const fromWeight = ggw ? convolve(z, ggw, null, params, h.sizes.slice(2)) : null;
    const fromBias = ggb ? perChannel(ggb, h.ndim).expand(h.sizes) : null;
    return [gx, fromWeight && fromBias ? fromWeight.add(fromBias) : (fromWeight ?? fromBias)];
  });
  return [gw, gb];
}
