// torch.cuda.amp: the older names of torch.amp for CUDA.
import { autocast as autocastOn, type Autocast } from '../amp/autocast.ts';
import { type CustomFwdOptions, customBwd as wrapBackward, customFwd as wrapForward } from '../amp/custom.ts';
import { GradScaler as Scaler, type GradScalerOptions } from '../amp/grad-scaler.ts';
import { checkOptions, type Call, readArguments } from '../arguments.ts';
import type { FunctionContext } from '../autograd/function.ts';
import type { DTypeName } from '../dtype.ts';

/** Options of {@link autocast}. */
export interface CudaAutocastOptions {
  enabled?: boolean | undefined;
  dtype?: DTypeName | undefined;
  cacheEnabled?: boolean | undefined;
}
/**
 * As `torch.amp.autocast` with `device: 'cuda'`: where there is no CUDA nothing is cast, and a warning says so.
 * @example
 * torch.cuda.amp.autocast({ enabled: false }, () => torch.ones(2, 2).matmul(torch.ones(2, 2)).dtype) // float32
 */
export function autocast<R>(options: CudaAutocastOptions, f: () => R): R;
export function autocast<R>(f: () => R): R;
export function autocast(options?: CudaAutocastOptions): Autocast;
export function autocast(...args: readonly unknown[]): unknown {
  const f = args.at(-1);
  const head = typeof f === 'function' ? args.slice(0, -1) : args;
  const options = readArguments<CudaAutocastOptions>('autocast', head, ['enabled', 'dtype', 'cacheEnabled']);
  const run = autocastOn({ ...options, device: 'cuda' });
  return typeof f === 'function' ? run(f as () => unknown) : run;
}

type Options = Omit<GradScalerOptions, 'device'>;
/**
 * `torch.amp.GradScaler` for CUDA: where there is none it is switched off, and everything goes its ordinary way.
 * @example
 * new torch.cuda.amp.GradScaler({ enabled: false }).isEnabled() // false
 */
export class GradScaler extends Scaler {
  constructor(
    ...args: Call<
      [initScale?: number, growthFactor?: number, backoffFactor?: number, growthInterval?: number, enabled?: boolean],
      Options
    >
  ) {
    const names = ['initScale', 'growthFactor', 'backoffFactor', 'growthInterval', 'enabled'];
    super({ ...readArguments<Options>('GradScaler', args, names), device: 'cuda' });
  }
}

type Method = (ctx: FunctionContext, ...args: never[]) => unknown;
/**
 * As `torch.amp.customFwd` with `deviceType: 'cuda'`: where there is no CUDA, `f` runs as it is.
 * @example
 * const forward = torch.cuda.amp.customFwd((_: torch.autograd.FunctionContext, x: torch.Tensor) => x.mul(2))
 * forward(new torch.autograd.FunctionContext(), torch.tensor([1.5])) // tensor([3.])
 */
export function customFwd<F extends Method>(f: F, options: Omit<CustomFwdOptions, 'deviceType'> = {}): F {
  checkOptions('customFwd', options, ['castInputs']);
  return wrapForward(f, { ...options, deviceType: 'cuda' });
}
/**
 * As `torch.amp.customBwd` with `deviceType: 'cuda'`.
 * @example
 * const backward = torch.cuda.amp.customBwd((_: torch.autograd.FunctionContext, g: torch.Tensor) => g.mul(2))
 * backward(new torch.autograd.FunctionContext(), torch.tensor([1.5])) // tensor([3.])
 */
export function customBwd<F extends Method>(f: F): F {
  return wrapBackward(f, { deviceType: 'cuda' });
}
