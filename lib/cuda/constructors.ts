// torch.cuda's old constructors: torch.FloatTensor and its kin, on the current GPU.
import { type DTypeName, toDType } from '../dtype.ts';
import { inNameOf } from '../errors.ts';
import { type LegacyConstructor, tensor } from '../from-data.ts';
import { checkShape } from '../shape.ts';
import type { TensorData } from '../tensor-options.ts';
import { emptyTensor, type Tensor } from '../tensor.ts';
import { cudaDevice, gpu } from './devices.ts';

function legacy(name: string, dtype: DTypeName): LegacyConstructor {
  // no arrow function: `new` refuses those
  function make(data: TensorData = [], ...sizes: number[]): Tensor {
    const device = cudaDevice(gpu(name));
    if (typeof data === 'number')
      return emptyTensor(checkShape(name, [data, ...sizes]).slice(), toDType(dtype, name), device);
    return inNameOf(name, () => tensor(data, { dtype, device }));
  }
  Object.defineProperty(make, 'name', { value: name });
  return make as LegacyConstructor;
}
/**
 * As `torch.FloatTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const FloatTensor = torch.cuda.isAvailable() ? torch.cuda.FloatTensor : torch.FloatTensor
 * FloatTensor([1, 2]) // tensor([1., 2.])
 */
export const FloatTensor: LegacyConstructor = legacy('FloatTensor', 'float32');
/**
 * As `torch.DoubleTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const DoubleTensor = torch.cuda.isAvailable() ? torch.cuda.DoubleTensor : torch.DoubleTensor
 * DoubleTensor([1, 2]) // tensor([1., 2.], dtype=torch.float64)
 */
export const DoubleTensor: LegacyConstructor = legacy('DoubleTensor', 'float64');
/**
 * As `torch.HalfTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const HalfTensor = torch.cuda.isAvailable() ? torch.cuda.HalfTensor : torch.HalfTensor
 * HalfTensor([1, 2]) // tensor([1., 2.], dtype=torch.float16)
 */
export const HalfTensor: LegacyConstructor = legacy('HalfTensor', 'float16');
/**
 * As `torch.BFloat16Tensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const BFloat16Tensor = torch.cuda.isAvailable() ? torch.cuda.BFloat16Tensor : torch.BFloat16Tensor
 * BFloat16Tensor([1, 2]) // tensor([1., 2.], dtype=torch.bfloat16)
 */
export const BFloat16Tensor: LegacyConstructor = legacy('BFloat16Tensor', 'bfloat16');
/**
 * As `torch.LongTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const LongTensor = torch.cuda.isAvailable() ? torch.cuda.LongTensor : torch.LongTensor
 * LongTensor([1, 2]) // tensor([1, 2])
 */
export const LongTensor: LegacyConstructor = legacy('LongTensor', 'int64');
/**
 * As `torch.IntTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const IntTensor = torch.cuda.isAvailable() ? torch.cuda.IntTensor : torch.IntTensor
 * IntTensor([1, 2]) // tensor([1, 2], dtype=torch.int32)
 */
export const IntTensor: LegacyConstructor = legacy('IntTensor', 'int32');
/**
 * As `torch.ShortTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const ShortTensor = torch.cuda.isAvailable() ? torch.cuda.ShortTensor : torch.ShortTensor
 * ShortTensor([1, 2]) // tensor([1, 2], dtype=torch.int16)
 */
export const ShortTensor: LegacyConstructor = legacy('ShortTensor', 'int16');
/**
 * As `torch.CharTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const CharTensor = torch.cuda.isAvailable() ? torch.cuda.CharTensor : torch.CharTensor
 * CharTensor([1, 2]) // tensor([1, 2], dtype=torch.int8)
 */
export const CharTensor: LegacyConstructor = legacy('CharTensor', 'int8');
/**
 * As `torch.ByteTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const ByteTensor = torch.cuda.isAvailable() ? torch.cuda.ByteTensor : torch.ByteTensor
 * ByteTensor([1, 2]) // tensor([1, 2], dtype=torch.uint8)
 */
export const ByteTensor: LegacyConstructor = legacy('ByteTensor', 'uint8');
/**
 * As `torch.BoolTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const BoolTensor = torch.cuda.isAvailable() ? torch.cuda.BoolTensor : torch.BoolTensor
 * BoolTensor([1, 2]) // tensor([True, True])
 */
export const BoolTensor: LegacyConstructor = legacy('BoolTensor', 'bool');
