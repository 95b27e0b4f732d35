// torch.cuda: what there is to ask while this build has no CUDA backend.
import { DeviceError } from './errors.ts';

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
