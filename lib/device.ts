// Devices: their names, and which exist here.
import { cudaStatus } from './cuda/native.ts';
import { describe, DeviceError, inNameOf } from './errors.ts';

/**
 * Where a tensor's bytes are. One object per device, so `a.device === b.device` compares them.
 * @example
 * torch.device('cuda:1').index // 1
 */
export class Device {
  /** `'cpu'` or `'cuda'`. */
  readonly type: 'cpu' | 'cuda';
  /** Which one of its type; null where only one exists. */
  readonly index: number | null;
  /** Internal: what native knows it by; -1 where the index is left open. */
  readonly number: number;
  constructor(type: 'cpu' | 'cuda', index: number | null) {
    this.type = type;
    this.index = index;
    this.number = type === 'cpu' ? 0 : typeof index === 'number' ? 1 + index : -1;
  }
  /** `cpu` or `cuda:0`, as PyTorch writes it. */
  toString(): string {
    return this.index === null ? this.type : `${this.type}:${this.index}`;
  }
  /** The same in JSON. */
  toJSON(): string {
    return this.toString();
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** What a `device` option takes: `'cpu'`, `'cuda'`, `'cuda:0'` or `torch.device('cuda', 0)`. */
export type DeviceLike = Device | string;

const known = new Map<string, Device>();
function intern(type: 'cpu' | 'cuda', index: number | null): Device {
  const key = `${type}:${index}`;
  let found = known.get(key);
  if (!found) known.set(key, (found = new Device(type, index)));
  return found;
}

export const cpu: Device = intern('cpu', null);

/**
 * A device by name, or by type and index.
 * @throws TypeError for a name that is no device.
 * @example
 * torch.device('cpu').type // cpu
 */
export function device(type: DeviceLike, index?: number): Device {
  if (type instanceof Device) return type;
  if (typeof type !== 'string')
    throw new TypeError(`device: expected a string such as 'cpu' or 'cuda:0' but received ${describe(type)}`);
  const match = /^(cpu|cuda)(?::(\d+))?$/.exec(type);
  if (!match) throw new TypeError(`device: expected 'cpu', 'cuda' or 'cuda:0' but received '${type}'`);
  if (index !== undefined && (match[2] !== undefined || !Number.isInteger(index) || index < 0)) {
    throw new TypeError(
      `device: expected a type and a device index, such as ('cuda', 0), but received ('${type}', ${index})`,
    );
  }
  const number = match[2] !== undefined ? Number(match[2]) : (index ?? null);
  if (match[1] === 'cpu') return number === null || number === 0 ? cpu : intern('cpu', number);
  return intern('cuda', number);
}

let defaultDevice: Device = cpu;
/**
 * The device of new tensors for which none is given.
 * @example
 * torch.getDefaultDevice() // cpu
 */
export const getDefaultDevice = (): Device => defaultDevice;
/**
 * Sets the device of new tensors for which none is given.
 * @throws DeviceError if it is not there.
 * @example
 * torch.setDefaultDevice('cpu')
 * torch.ones(2).device // cpu
 */
export function setDefaultDevice(name: DeviceLike): void {
  defaultDevice = available('setDefaultDevice', device(name));
}

let currentCuda = 0;
/** Which GPU `'cuda'` means. */
export const getCurrentCuda = (): number => currentCuda;
/** Makes `'cuda'` mean another GPU, which the caller has found to be there. */
export function setCurrentCuda(index: number): void {
  currentCuda = index;
}

/** `device`, if tensors can be made there; `'cuda'` becomes the current GPU. */
export function available(where: string, wanted: Device): Device {
  if (wanted === cpu) return wanted;
  if (wanted.type === 'cuda') {
    const { devices, reason } = cudaStatus();
    if (devices === 0) throw new DeviceError(`${where}: '${wanted}' is not available: ${reason}; use device: 'cpu'`);
    const index = wanted.index ?? currentCuda;
    if (index < devices) return intern('cuda', index);
    throw new DeviceError(
      `${where}: '${wanted}' is not available: ${devices} CUDA device${devices === 1 ? ' is' : 's are'} here`,
    );
  }
  throw new DeviceError(`${where}: '${wanted}' is not available: the CPU is one device, 'cpu'`);
}

/** The device of an option, the default one if absent. */
export function deviceOption(where: string, name: DeviceLike | null | undefined): Device {
  return name === undefined || name === null
    ? defaultDevice
    : available(
        where,
        inNameOf(where, () => device(name)),
      );
}
