// torch.cuda: what there is to ask while this build has no CUDA backend.
import { DeviceError } from './errors.ts';

const absent = (where: string): never => {
  throw new DeviceError(`${where}: no CUDA device is available: this build of flambeau has no CUDA backend`);
};

/**
 * Whether tensors can be made on `'cuda'`.
 * @example
 * torch.cuda.isAvailable() // false
 */
export function isAvailable(): boolean {
  return false;
}
/**
 * How many CUDA devices there are.
 * @example
 * torch.cuda.deviceCount() // 0
 */
export function deviceCount(): number {
  return 0;
}
/** The name of a CUDA device. Throws DeviceError if there is none. */
export function getDeviceName(_device = 0): string {
  return absent('getDeviceName');
}
/** The index of the current CUDA device. Throws DeviceError if there is none. */
export function currentDevice(): number {
  return absent('currentDevice');
}
/** Waits for the work of a CUDA device. Throws DeviceError if there is none. */
export function synchronize(): void {
  absent('synchronize');
}
/** Whether a CUDA context exists. */
export function isInitialized(): boolean {
  return false;
}
/** Seeds the current CUDA device; without one, as in PyTorch, nothing happens. */
export function manualSeed(_seed: number | bigint): void {}
/** Seeds all CUDA devices; without one, as in PyTorch, nothing happens. */
export function manualSeedAll(_seed: number | bigint): void {}
