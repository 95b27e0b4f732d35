// torch.amp.customFwd and customBwd: custom functions under autocasting. PyTorch's are decorators; these wrap functions.
import { casting, castTo } from '../autocast.ts';
import type { FunctionContext } from '../autograd/function.ts';
import { readArguments } from '../arguments.ts';
import { type DType, type DTypeName, toDType } from '../dtype.ts';
import { describe, inNameOf } from '../errors.ts';
import { autocast, getAutocastDtype, isAutocastEnabled } from './autocast.ts';

/** Options of {@link customFwd}. */
export interface CustomFwdOptions {
  /** `'cpu'` or `'cuda'`. */
  deviceType: string;
  /** What tensors are cast to, of any nesting; nothing is cast inside then. */
  castInputs?: DTypeName | null | undefined;
}
/** Options of {@link customBwd}. */
export type CustomBwdOptions = Pick<CustomFwdOptions, 'deviceType'>;
type Method = (ctx: FunctionContext, ...args: never[]) => unknown;
type Wrapper = <F extends Method>(f: F) => F;

/** How forward ran, by its context. */
const ran = new WeakMap<object, { enabled: boolean; dtype: DTypeName }>();

function read(where: string, args: readonly unknown[], names: readonly string[]): Partial<CustomFwdOptions> {
  const options = readArguments<CustomFwdOptions>(where, args, [], names);
  if (typeof options.deviceType !== 'string')
    throw new TypeError(`${where}: expected a string as deviceType but received ${describe(options.deviceType)}`);
  const { deviceType } = options;
  inNameOf(where, () => getAutocastDtype(deviceType));
  return options;
}
/** A function, or options first for use as a decorator. */
function wrapping<F extends Method>(
  where: string,
  args: readonly unknown[],
  names: readonly string[],
  make: (f: Method, options: Partial<CustomFwdOptions>) => Method,
): F | Wrapper {
  const [f] = args;
  const wrap = (g: unknown, options: Partial<CustomFwdOptions>): Method => {
    if (typeof g !== 'function') throw new TypeError(`${where}: expected a function but received ${describe(g)}`);
    return make(g as Method, options);
  };
  if (typeof f === 'function') return wrap(f, read(where, args.slice(1), names)) as F;
  const options = read(where, args, names);
  return (<G extends Method>(g: G) => wrap(g, options) as G) satisfies Wrapper;
}

/**
 * The forward of a custom {@link torch.autograd.Function} that is to run under autocasting: it sees its tensors cast to
 * `castInputs` and casts nothing itself, or, without `castInputs`, runs as the block around it says. Without a function it
 * gives one that wraps others, which does as a decorator too. Throws TypeError for what is no function, DeviceError for
 * unknown devices.
 * @example
 * class Product extends torch.autograd.Function {
 *   static forward = torch.amp.customFwd((ctx: torch.autograd.FunctionContext, a: torch.Tensor, b: torch.Tensor) => {
 *     ctx.saveForBackward(a, b)
 *     return a.mm(b)
 *   }, { deviceType: 'cpu', castInputs: 'float32' })
 *   static backward = torch.amp.customBwd((ctx: torch.autograd.FunctionContext, g: torch.Tensor) => {
 *     const [a, b] = ctx.savedTensors
 *     return [g.mm(b!.t()), a!.t().mm(g)]
 *   }, { deviceType: 'cpu' })
 * }
 * const x = torch.ones([2, 2], { dtype: 'bfloat16' })
 * torch.autocast('cpu', () => Product.apply(x, x)).dtype // float32
 */
export function customFwd<F extends Method>(f: F, options: CustomFwdOptions): F;
export function customFwd(options: CustomFwdOptions): Wrapper;
export function customFwd(...args: readonly unknown[]): Method | Wrapper {
  return wrapping('customFwd', args, ['deviceType', 'castInputs'], (f, options) => {
    const { castInputs = null } = options;
    const deviceType = options.deviceType!;
    const target: DType | null = castInputs === null ? null : toDType(castInputs, 'customFwd');
    return (ctx, ...inputs) => {
      const enabled = isAutocastEnabled(deviceType);
      ran.set(ctx, { enabled: enabled && target === null, dtype: getAutocastDtype(deviceType) });
      if (target === null || !enabled) return f(ctx, ...inputs);
      const cast = inputs.map((x) => castTo(x, target)) as never[];
      return autocast(deviceType, { enabled: false }, () => f(ctx, ...cast));
    };
  });
}

/**
 * The backward that belongs to a {@link customFwd}: it runs under the autocasting that forward ran under. Without a
 * function it gives one that wraps others. Throws TypeError for what is no function, DeviceError for unknown devices.
 * @example
 * class Twice extends torch.autograd.Function {
 *   static forward = torch.amp.customFwd((_: torch.autograd.FunctionContext, x: torch.Tensor) => x.mul(2), { deviceType: 'cpu' })
 *   static backward = torch.amp.customBwd(
 *     (_: torch.autograd.FunctionContext, g: torch.Tensor) => g.mul(torch.isAutocastEnabled('cpu') ? 2 : 0), { deviceType: 'cpu' })
 * }
 * const x = torch.ones([1], { requiresGrad: true })
 * torch.autocast('cpu', () => Twice.apply(x)).backward()
 * x.grad // tensor([2.])
 */
export function customBwd<F extends Method>(f: F, options: CustomBwdOptions): F;
export function customBwd(options: CustomBwdOptions): Wrapper;
export function customBwd(...args: readonly unknown[]): Method | Wrapper {
  return wrapping('customBwd', args, ['deviceType'], (f, options) => {
    const deviceType = options.deviceType!;
    return (ctx, ...grads) => {
      const { enabled, dtype } = ran.get(ctx) ?? { enabled: false, dtype: getAutocastDtype(deviceType) };
      // nothing is cast already where nothing is to be
      if (!enabled && !casting.on) return f(ctx, ...grads);
      return autocast(deviceType, { enabled, dtype }, () => f(ctx, ...grads));
    };
  });
}
