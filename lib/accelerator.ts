// torch.accelerator: the device that computes in the CPU's place, which is a GPU where there is one.
import * as devices from './cuda/devices.ts';
import * as memory from './cuda/memory.ts';
import { currentStream as streamOf, setStream as setCudaStream, type Stream } from './cuda/streams.ts';
import { type Device, device as deviceNamed } from './device.ts';
import { DeviceError, inNameOf } from './errors.ts';

type CudaDevice = devices.CudaDevice;

/** Runs what torch.cuda does in the name of a function of this file. */
function within<R>(where: string, f: () => R): R {
  if (!devices.isAvailable())
    throw new DeviceError(`${where}: no accelerator is available: torch.cuda.isAvailable() is false`);
  return inNameOf(where, f);
}

/**
 * Whether there is a device that computes in the CPU's place.
 * @example
 * torch.accelerator.isAvailable() // false
 */
export function isAvailable(): boolean {
  return devices.isAvailable();
}
/**
 * The device that computes in the CPU's place, or null.
 * @example
 * const device = torch.accelerator.currentAccelerator() ?? 'cpu'
 * torch.ones(2, { device }).device // cpu
 */
export function currentAccelerator(_checkAvailable = false): Device | null {
  return devices.isAvailable() ? deviceNamed('cuda') : null;
}
/**
 * How many such devices there are.
 * @example
 * torch.accelerator.deviceCount() // 0
 */
export function deviceCount(): number {
  return devices.deviceCount();
}
/**
 * The index of the current accelerator. Throws DeviceError if there is none.
 * @example
 * torch.accelerator.isAvailable() ? torch.accelerator.currentDeviceIndex() : -1 // -1
 */
export function currentDeviceIndex(): number {
  return within('currentDeviceIndex', devices.currentDevice);
}
/**
 * Makes another accelerator the current one. Throws DeviceError if there is none.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.setDeviceIndex(0)
 * torch.accelerator.deviceCount() // 0
 */
export function setDeviceIndex(device: Exclude<CudaDevice, null>): void {
  within('setDeviceIndex', () => devices.setDevice(device));
}
/**
 * Runs `f` while another accelerator is the current one, and gives back what it returns; null changes nothing. Throws
 * DeviceError if there is none.
 * @example
 * torch.accelerator.isAvailable() ? torch.accelerator.deviceIndex(0, () => 1) : 1 // 1
 */
export function deviceIndex<R>(device: number | null, f: () => R): R {
  return within('deviceIndex', () => devices.device(device, f));
}
/**
 * The queue that work of the accelerator goes to now. Throws DeviceError if there is none.
 * @example
 * torch.accelerator.isAvailable() ? torch.accelerator.currentStream().cudaStream : 0 // 0
 */
export function currentStream(device?: CudaDevice): Stream {
  return within('currentStream', () => streamOf(device));
}
/**
 * Makes a stream, and its device, the current one. Throws DeviceError if there is no accelerator.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.setStream(torch.accelerator.currentStream())
 * torch.accelerator.deviceCount() // 0
 */
export function setStream(stream: Stream): void {
  within('setStream', () => setCudaStream(stream));
}
/**
 * Waits for the work of the accelerator. Throws DeviceError if there is none.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.synchronize()
 * torch.accelerator.deviceCount() // 0
 */
export function synchronize(device?: CudaDevice): void {
  within('synchronize', () => devices.synchronize(device));
}
/**
 * Gives unused memory of the accelerator back; nothing without one.
 * @example
 * torch.accelerator.emptyCache() // undefined
 */
export function emptyCache(): void {
  memory.emptyCache();
}
/**
 * Bytes of tensors on the accelerator.
 * @example
 * torch.accelerator.memoryAllocated() // 0
 */
export function memoryAllocated(device?: CudaDevice): number {
  return memory.memoryAllocated(device);
}
/**
 * The most bytes of tensors there ever were on the accelerator.
 * @example
 * torch.accelerator.maxMemoryAllocated() // 0
 */
export function maxMemoryAllocated(device?: CudaDevice): number {
  return memory.maxMemoryAllocated(device);
}
/**
 * Bytes of the accelerator that are held for tensors.
 * @example
 * torch.accelerator.memoryReserved() // 0
 */
export function memoryReserved(device?: CudaDevice): number {
  return memory.memoryReserved(device);
}
/**
 * The most bytes of the accelerator that were ever held for tensors.
 * @example
 * torch.accelerator.maxMemoryReserved() // 0
 */
export function maxMemoryReserved(device?: CudaDevice): number {
  return memory.maxMemoryReserved(device);
}
/**
 * Figures of the memory of the accelerator; none without one.
 * @example
 * torch.accelerator.memoryStats() // {}
 */
export function memoryStats(device?: CudaDevice): Record<string, number> {
  return memory.memoryStats(device);
}
/**
 * Forgets the peaks of memory. Throws DeviceError if there is no accelerator.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.resetPeakMemoryStats()
 * torch.accelerator.maxMemoryAllocated() // 0
 */
export function resetPeakMemoryStats(device?: CudaDevice): void {
  within('resetPeakMemoryStats', () => memory.resetPeakMemoryStats(device));
}
/**
 * Starts the sums of {@link memoryStats} from zero. Throws DeviceError if there is no accelerator.
 * @example
 * if (torch.accelerator.isAvailable()) torch.accelerator.resetAccumulatedMemoryStats()
 * torch.accelerator.deviceCount() // 0
 */
export function resetAccumulatedMemoryStats(device?: CudaDevice): void {
  within('resetAccumulatedMemoryStats', () => memory.resetAccumulatedMemoryStats(device));
}
/**
 * Free and all memory of the accelerator, in bytes. Throws DeviceError if there is none.
 * @example
 * torch.accelerator.isAvailable() ? torch.accelerator.getMemoryInfo() : [0, 0] // [ 0, 0 ]
 */
export function getMemoryInfo(device?: CudaDevice): [free: number, total: number] {
  return within('getMemoryInfo', () => memory.memGetInfo(device));
}
