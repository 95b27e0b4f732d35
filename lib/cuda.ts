// torch.cuda: what there is to ask while this build has no CUDA backend.
import { type DeviceLike, device as deviceOf } from './device.ts';
import { describe, DeviceError, inNameOf } from './errors.ts';

export * as amp from './cuda-amp.ts';
export * from './cuda-names.ts';

const absent = (where: string): never => {
  throw new DeviceError(`${where}: no CUDA device is available: this build of flambeau has no CUDA backend`);
};

/**
 * Whether tensors can be made on `'cuda'`.
 * @example
 * typeof torch.cuda.isAvailable() // boolean
 */
export function isAvailable(): boolean {
  return false;
}
/**
 * How many CUDA devices there are; 0 without one.
 * @example
 * torch.cuda.deviceCount() > 0 === torch.cuda.isAvailable() // true
 */
export function deviceCount(): number {
  return 0;
}
/**
 * The name of a CUDA device. Throws DeviceError if there is none.
 * @example
 * const name = torch.cuda.isAvailable() ? torch.cuda.getDeviceName(0) : 'none'
 * typeof name // string
 */
export function getDeviceName(_device = 0): string {
  return absent('getDeviceName');
}
/**
 * The index of the current CUDA device. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.currentDevice() : 0 // 0
 */
export function currentDevice(): number {
  return absent('currentDevice');
}
/**
 * Waits for the work of a CUDA device. Throws DeviceError if there is none.
 * @example
 * const y = torch.ones(3).mul(2)
 * if (torch.cuda.isAvailable()) torch.cuda.synchronize() // before a clock is read
 * y.sum() // tensor(6.)
 */
export function synchronize(): void {
  absent('synchronize');
}
/**
 * Whether a CUDA context exists: false as long as no device was used.
 * @example
 * torch.cuda.isInitialized() && !torch.cuda.isAvailable() // false
 */
export function isInitialized(): boolean {
  return false;
}
/**
 * Seeds the current CUDA device; without one, as in PyTorch, nothing happens.
 * @example
 * torch.cuda.manualSeed(0) // undefined
 */
export function manualSeed(_seed: number | bigint): void {}
/**
 * Seeds all CUDA devices; without one, as in PyTorch, nothing happens.
 * @example
 * torch.cuda.manualSeedAll(0) // undefined
 */
export function manualSeedAll(_seed: number | bigint): void {}
/**
 * Seeds the current CUDA device from the clock; without one, as in PyTorch, nothing happens.
 * @example
 * torch.cuda.seedAll() // undefined
 */
export function seedAll(): void {}
/**
 * Whether CUDA computes in bfloat16.
 * @example
 * const dtype = torch.cuda.isBf16Supported() ? 'bfloat16' : 'float16'
 * dtype // float16
 */
export function isBf16Supported(_includingEmulation = true): boolean {
  return false;
}
/**
 * Makes another CUDA device the current one; a negative index changes nothing. Throws DeviceError if there is none.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.setDevice(0)
 * torch.cuda.deviceCount() > 0 // false
 */
export function setDevice(device: DeviceLike | number): void {
  if (typeof device === 'number') {
    if (device < 0) return;
  } else inNameOf('setDevice', () => deviceOf(device));
  absent('setDevice');
}
/**
 * The major and minor number of what a CUDA device can do. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getDeviceCapability() : [0, 0] // [ 0, 0 ]
 */
export function getDeviceCapability(_device: DeviceLike | number = 0): [major: number, minor: number] {
  return absent('getDeviceCapability');
}
/**
 * Gives unused memory of CUDA devices back; nothing without one.
 * @example
 * torch.cuda.emptyCache() // undefined
 */
export function emptyCache(): void {}
/**
 * Frees memory shared between processes. Throws DeviceError if there is no CUDA device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.ipcCollect()
 * torch.cuda.deviceCount() > 0 // false
 */
export function ipcCollect(): void {
  absent('ipcCollect');
}
/**
 * Bytes of tensors on a CUDA device.
 * @example
 * torch.cuda.memoryAllocated() // 0
 */
export function memoryAllocated(_device: DeviceLike | number = 0): number {
  return 0;
}
/**
 * The most bytes of tensors there ever were on a CUDA device.
 * @example
 * torch.cuda.maxMemoryAllocated() // 0
 */
export function maxMemoryAllocated(_device: DeviceLike | number = 0): number {
  return 0;
}
/**
 * Bytes of a CUDA device that are held for tensors.
 * @example
 * torch.cuda.memoryReserved() // 0
 */
export function memoryReserved(_device: DeviceLike | number = 0): number {
  return 0;
}
/**
 * The most bytes of a CUDA device that were ever held for tensors.
 * @example
 * torch.cuda.maxMemoryReserved() // 0
 */
export function maxMemoryReserved(_device: DeviceLike | number = 0): number {
  return 0;
}
/**
 * Forgets the peaks of memory. Throws DeviceError if there is no CUDA device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.resetPeakMemoryStats()
 * torch.cuda.maxMemoryAllocated() // 0
 */
export function resetPeakMemoryStats(_device: DeviceLike | number = 0): void {
  absent('resetPeakMemoryStats');
}
/**
 * Free and all memory of a CUDA device, in bytes. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.memGetInfo() : [0, 0] // [ 0, 0 ]
 */
export function memGetInfo(_device: DeviceLike | number = 0): [free: number, total: number] {
  return absent('memGetInfo');
}
/**
 * The states of the CUDA devices' generators: none without one.
 * @example
 * torch.cuda.getRngStateAll() // []
 */
export function getRngStateAll(): never[] {
  return [];
}
/**
 * Sets the states of the CUDA devices' generators. Throws DeviceError for more states than devices.
 * @example
 * torch.cuda.setRngStateAll(torch.cuda.getRngStateAll()) // undefined
 */
export function setRngStateAll(states: readonly unknown[]): void {
  if (!Array.isArray(states))
    throw new TypeError(`setRngStateAll: expected a list of states but received ${describe(states)}`);
  if (states.length > 0) absent('setRngStateAll');
}
