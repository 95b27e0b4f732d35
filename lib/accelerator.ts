// torch.accelerator: what there is to ask while this build has no accelerator.
import type { Device } from './device.ts';
import { DeviceError } from './errors.ts';

/** What is asked where there is no accelerator. */
function absent(where: string): never {
  throw new DeviceError(`${where}: no accelerator is available: this build of flambeau computes on the CPU`);
}

/**
 * Whether there is a device that computes in the CPU's place.
 * @example
 * torch.accelerator.isAvailable() // false
 */
export function isAvailable(): boolean {
  return false;
}
/**
 * The device that computes in the CPU's place, or null.
 * @example
 * const device = torch.accelerator.currentAccelerator() ?? 'cpu'
 * torch.ones(2, { device }).device // cpu
 */
export function currentAccelerator(_checkAvailable = false): Device | null {
  return null;
}
/**
 * How many such devices there are.
 * @example
 * torch.accelerator.deviceCount() // 0
 */
export function deviceCount(): number {
  return 0;
}
/**
 * The index of the current accelerator. Throws DeviceError if there is none.
 * @example
 * torch.accelerator.isAvailable() ? torch.accelerator.currentDeviceIndex() : -1 // -1
 */
export function currentDeviceIndex(): number {
  return absent('currentDeviceIndex');
}
/**
 * Makes another accelerator the current one. Throws DeviceError if there is none.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.setDeviceIndex(0)
 * torch.accelerator.deviceCount() // 0
 */
export function setDeviceIndex(_device: number): void {
  absent('setDeviceIndex');
}
/**
 * Waits for the work of the accelerator. Throws DeviceError if there is none.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.synchronize()
 * torch.accelerator.deviceCount() // 0
 */
export function synchronize(): void {
  absent('synchronize');
}
/**
 * Gives unused memory of the accelerator back; nothing without one.
 * @example
 * torch.accelerator.emptyCache() // undefined
 */
export function emptyCache(): void {}
/**
 * Bytes of tensors on the accelerator.
 * @example
 * torch.accelerator.memoryAllocated() // 0
 */
export function memoryAllocated(): number {
  return 0;
}
