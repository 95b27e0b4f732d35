// The order in memory of convolutions' weights. Exported by utils.ts.
import { describe, inNameOf } from '../errors.ts';
import type { MemoryFormat } from '../memory-format.ts';
import { Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d } from './conv.ts';
import { type AnyModule, Module } from './module.ts';

type Convolution = Conv2d | ConvTranspose2d | Conv3d | ConvTranspose3d;
const is2d = (m: unknown): m is Convolution => m instanceof Conv2d || m instanceof ConvTranspose2d;
const is3d = (m: unknown): m is Convolution => m instanceof Conv3d || m instanceof ConvTranspose3d;
function convert<M extends AnyModule>(
  where: string,
  module: M,
  format: MemoryFormat,
  meant: (m: unknown) => m is Convolution,
): M {
  return inNameOf(where, () => {
    if (!(module instanceof Module))
      throw new TypeError(`${where}: expected a Module but received ${describe(module)}`);
    for (const m of module.modules()) {
      if (meant(m)) m.weight.data = m.weight.detach().clone({ memoryFormat: format });
    }
    return module;
  });
}

/**
 * Lays out the weights of all `Conv2d` and `ConvTranspose2d` in a module in another order, such as `'channelsLast'`; what
 * they compute stays the same. Gives the module back. Throws ShapeError for formats of other ranks.
 * @example
 * const net = new torch.nn.Sequential(new torch.nn.Conv2d(2, 3, 2))
 * torch.nn.utils.convertConv2dWeightMemoryFormat(net, 'channelsLast')
 * net.parameters()[0]!.stride() // [ 8, 1, 4, 2 ]
 */
export function convertConv2dWeightMemoryFormat<M extends AnyModule>(module: M, memoryFormat: MemoryFormat): M {
  return convert('convertConv2dWeightMemoryFormat', module, memoryFormat, is2d);
}
/**
 * As {@link convertConv2dWeightMemoryFormat}, of `Conv3d` and `ConvTranspose3d`.
 * @example
 * const layer = torch.nn.utils.convertConv3dWeightMemoryFormat(new torch.nn.Conv3d(2, 3, 1), 'channelsLast3d')
 * layer.weight.stride() // [ 2, 1, 2, 2, 2 ]
 */
export function convertConv3dWeightMemoryFormat<M extends AnyModule>(module: M, memoryFormat: MemoryFormat): M {
  return convert('convertConv3dWeightMemoryFormat', module, memoryFormat, is3d);
}
