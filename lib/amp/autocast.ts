// The block form of autocasting and what asks for its state. lib/autocast.ts does the casting.
import { casting, type CastSetting } from '../autocast.ts';
import { cudaStatus } from '../cuda/native.ts';
import { readArguments } from '../arguments.ts';
import { bfloat16, type DTypeName, float16, toDType } from '../dtype.ts';
import { describe, DeviceError } from '../errors.ts';
import { leaving } from '../scope.ts';

/** Options of {@link autocast}. */
export interface AutocastOptions {
  /** The type of device whose operators are cast: `'cpu'` or `'cuda'`. */
  device?: string | undefined;
  /** The same, under PyTorch's name. */
  deviceType?: string | undefined;
  /** What the lower precision is: bfloat16 (on the CPU) or float16. */
  dtype?: DTypeName | undefined;
  enabled?: boolean | undefined;
  /** Accepted; casts of weights are not kept between calls. */
  cacheEnabled?: boolean | null | undefined;
}
type DeviceType = 'cpu' | 'cuda';
let cacheEnabled = true;

function deviceType(where: string, name: unknown): DeviceType {
  if (typeof name !== 'string')
    throw new TypeError(`${where}: Expected \`deviceType\` of type string, got: ${describe(name)}`);
  if (name !== 'cpu' && name !== 'cuda')
    throw new DeviceError(`${where}: User specified an unsupported autocast device_type '${name}'`);
  return name;
}
function apply(device: DeviceType, { enabled, dtype }: CastSetting): void {
  casting[device] = { enabled, dtype };
  casting.on = casting.cpu.enabled || casting.cuda.enabled;
}

const NAMES = ['deviceType', 'dtype', 'enabled', 'cacheEnabled'];
/** Runs functions under autocasting: what {@link autocast} gives without a function. */
export type Autocast = <R>(f: () => R) => R;
/** Options beside the device, which comes first. */
type Rest = Omit<AutocastOptions, 'device' | 'deviceType'>;

/**
 * Runs `f`, which may be async, with products and convolutions in a lower precision and losses in float32, as PyTorch's
 * lists for the CPU say, and gives back what it gives back. Without `f` it gives a function that runs others so. Where a
 * device or dtype does not do it, a warning says so and nothing is cast. Throws DeviceError for unknown devices.
 * @example
 * const net = new torch.nn.Linear(2, 1)
 * const y = torch.amp.autocast({ device: 'cpu', dtype: 'bfloat16' }, () => net.forward(torch.ones(1, 2)))
 * y.dtype // bfloat16
 * @example
 * torch.autocast('cpu', () => torch.ones(2, 2).matmul(torch.ones(2, 2))).dtype // bfloat16
 * @example
 * const context = torch.amp.autocast({ device: 'cpu', enabled: false })
 * context(() => torch.isAutocastEnabled('cpu')) // false
 */
export function autocast<R>(options: AutocastOptions | string, f: () => R): R;
export function autocast<R>(deviceType: string, options: Rest | DTypeName, f: () => R): R;
export function autocast<R>(deviceType: string, dtype: DTypeName, enabled: boolean, f: () => R): R;
export function autocast(options: AutocastOptions): Autocast;
export function autocast(deviceType: string, options?: Rest | DTypeName, enabled?: boolean): Autocast;
export function autocast(...args: readonly unknown[]): unknown {
  const f = args.at(-1);
  const head = typeof f === 'function' ? args.slice(0, -1) : args;
  const o = readArguments<AutocastOptions>('autocast', head, NAMES, ['device']);
  const device = deviceType('autocast', o.deviceType ?? o.device);
  if (o.device !== undefined && o.deviceType !== undefined)
    throw new TypeError("autocast: 'device' and 'deviceType' are the same option");
  const dtype = o.dtype === undefined ? casting[device].dtype : toDType(o.dtype, 'autocast');
  let { enabled = true } = o;
  if (typeof enabled !== 'boolean')
    throw new TypeError(`autocast: expected a boolean for enabled but received ${describe(enabled)}`);
  if (enabled && device === 'cuda' && cudaStatus().devices === 0) {
    process.emitWarning('autocast: CUDA is not available. Disabling autocast.');
    enabled = false;
  } else if (enabled && dtype !== bfloat16 && dtype !== float16) {
    process.emitWarning(
      `autocast: In ${device.toUpperCase()} autocast, but the target dtype is not supported. Disabling autocast. ` +
        `${device.toUpperCase()} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.`,
    );
    enabled = false;
  }
  const run = (g: unknown): unknown => {
    if (typeof g !== 'function') {
      throw new TypeError(`autocast: expected a function to run but received ${describe(g)}`);
    }
    return within(device, { enabled, dtype }, o.cacheEnabled ?? cacheEnabled, g as () => unknown);
  };
  return typeof f === 'function' ? run(f) : run;
}
function within(device: DeviceType, setting: CastSetting, cache: boolean, f: () => unknown): unknown {
  const before = casting[device];
  const cacheBefore = cacheEnabled;
  const restore = (): void => {
    apply(device, before);
    cacheEnabled = cacheBefore;
  };
  apply(device, setting);
  cacheEnabled = cache;
  return leaving(f, restore);
}

/**
 * Whether there is autocasting for a type of device.
 * @example
 * torch.amp.isAutocastAvailable('cpu') // true
 */
export function isAutocastAvailable(deviceType: string): boolean {
  if (typeof deviceType !== 'string')
    throw new TypeError(`isAutocastAvailable: expected a string but received ${describe(deviceType)}`);
  return deviceType === 'cpu' || deviceType === 'cuda';
}
/**
 * Whether operators are cast now, on `'cuda'` if no device is named, as in PyTorch. Throws DeviceError for unknown
 * devices.
 * @example
 * torch.autocast('cpu', () => [torch.isAutocastEnabled('cpu'), torch.isAutocastEnabled()]) // [ true, false ]
 */
export function isAutocastEnabled(device = 'cuda'): boolean {
  return casting[deviceType('isAutocastEnabled', device)].enabled;
}
/**
 * Whether operators on the CPU are cast now.
 * @example
 * torch.isAutocastCpuEnabled() // false
 */
export const isAutocastCpuEnabled = (): boolean => casting.cpu.enabled;
/**
 * What operators are cast to in a block that names no dtype. Throws DeviceError for unknown devices.
 * @example
 * torch.getAutocastDtype('cpu') // bfloat16
 */
export function getAutocastDtype(device: string): DTypeName {
  return casting[deviceType('getAutocastDtype', device)].dtype.name;
}
/**
 * Switches casting on or off outside of blocks. Throws DeviceError for unknown devices.
 * @example
 * torch.setAutocastEnabled('cpu', false)
 * torch.isAutocastEnabled('cpu') // false
 */
export function setAutocastEnabled(device: string, enabled: boolean): void {
  const type = deviceType('setAutocastEnabled', device);
  if (typeof enabled !== 'boolean')
    throw new TypeError(`setAutocastEnabled: expected a boolean but received ${describe(enabled)}`);
  apply(type, { ...casting[type], enabled });
}
/**
 * Sets what operators are cast to in blocks that name no dtype. Throws DeviceError for unknown devices, TypeError for
 * unknown dtypes.
 * @example
 * torch.setAutocastDtype('cpu', 'bfloat16')
 * torch.getAutocastDtype('cpu') // bfloat16
 */
export function setAutocastDtype(device: string, dtype: DTypeName): void {
  const type = deviceType('setAutocastDtype', device);
  apply(type, { ...casting[type], dtype: toDType(dtype, 'setAutocastDtype') });
}
/**
 * Whether casts of weights may be kept between calls; they are not, whatever this says.
 * @example
 * torch.isAutocastCacheEnabled() // true
 */
export const isAutocastCacheEnabled = (): boolean => cacheEnabled;
/**
 * Says whether casts of weights may be kept between calls; they are not, whatever this says.
 * @example
 * torch.setAutocastCacheEnabled(true)
 * torch.isAutocastCacheEnabled() // true
 */
export function setAutocastCacheEnabled(enabled: boolean): void {
  if (typeof enabled !== 'boolean')
    throw new TypeError(`setAutocastCacheEnabled: expected a boolean but received ${describe(enabled)}`);
  cacheEnabled = enabled;
}
/**
 * Forgets casts of weights, of which there are none.
 * @example
 * torch.clearAutocastCache() // undefined
 */
export function clearAutocastCache(): void {}
