// torch.cuda: which GPUs there are, which one is current, and waiting for them.
import { device as deviceNamed, type Device, type DeviceLike, getCurrentCuda, setCurrentCuda } from '../device.ts';
import { checkFunction, describe, DeviceError, inNameOf } from '../errors.ts';
import { leaving } from '../scope.ts';
import { Tensor } from '../tensor.ts';
import { ask, type CudaLibrary, cudaInUse, cudaStatus } from './native.ts';
import { DeviceProperties, propertiesOf } from './properties.ts';

/** A GPU: its name, its index, or nothing for the current one. */
export type CudaDevice = DeviceLike | number | null;

/** Internal: the index of a GPU that is there; DeviceError says why it is not. */
export function gpu(where: string, wanted?: CudaDevice): number {
  const { devices, reason } = cudaStatus();
  let index: unknown = wanted ?? getCurrentCuda();
  if (typeof index !== 'number') {
    const named = inNameOf(where, () => deviceNamed(wanted as DeviceLike));
    if (named.type !== 'cuda') throw new TypeError(`${where}: expected a CUDA device but received '${named}'`);
    index = named.index ?? getCurrentCuda();
  }
  if (devices === 0) throw new DeviceError(`${where}: no CUDA device is available: ${reason}`);
  if (!Number.isInteger(index))
    throw new TypeError(`${where}: expected the index of a CUDA device but received ${describe(index)}`);
  const found = index as number;
  if (found < 0 || found >= devices)
    throw new DeviceError(
      `${where}: 'cuda:${found}' is not available: ${devices} CUDA device${devices === 1 ? ' is' : 's are'} here`,
    );
  return found;
}

/**
 * Whether tensors can be made on `'cuda'`.
 * @example
 * typeof torch.cuda.isAvailable() // boolean
 */
export function isAvailable(): boolean {
  return cudaStatus().devices > 0;
}
/**
 * How many CUDA devices there are; 0 without one.
 * @example
 * torch.cuda.deviceCount() > 0 === torch.cuda.isAvailable() // true
 */
export function deviceCount(): number {
  return cudaStatus().devices;
}
/**
 * Whether CUDA was asked for and is there.
 * @example
 * torch.cuda.isInitialized() && !torch.cuda.isAvailable() // false
 */
export function isInitialized(): boolean {
  return cudaInUse();
}
/**
 * Loads CUDA now; else it is loaded when it is first asked for. Throws DeviceError where there is none, and says why.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.init()
 * torch.cuda.isInitialized() === torch.cuda.isAvailable() // true
 */
export function init(): void {
  gpu('init');
}
/**
 * The name of a CUDA device. Throws DeviceError if there is none.
 * @example
 * const name = torch.cuda.isAvailable() ? torch.cuda.getDeviceName(0) : 'none'
 * typeof name // string
 */
export function getDeviceName(device?: CudaDevice): string {
  return propertiesOf(gpu('getDeviceName', device)).name;
}
/**
 * The major and minor number of what a CUDA device can do. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getDeviceCapability() : [0, 0] // [ 0, 0 ]
 */
export function getDeviceCapability(device?: CudaDevice): [major: number, minor: number] {
  const { major, minor } = propertiesOf(gpu('getDeviceCapability', device));
  return [major, minor];
}
/**
 * What CUDA tells of a device; printed as PyTorch does. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getDeviceProperties(0).name : 'none' // none
 */
export function getDeviceProperties(device?: CudaDevice): DeviceProperties {
  return new DeviceProperties(propertiesOf(gpu('getDeviceProperties', device)));
}
/**
 * The index of the current CUDA device, which `'cuda'` means. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.currentDevice() : 0 // 0
 */
export function currentDevice(): number {
  return gpu('currentDevice');
}
/**
 * Makes another CUDA device the current one; a negative index changes nothing. Throws DeviceError if there is none.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.setDevice(0)
 * torch.cuda.deviceCount() > 0 // false
 */
export function setDevice(device: DeviceLike | number): void {
  if (typeof device === 'number' && device < 0) return;
  if (device === undefined || device === null)
    throw new TypeError(`setDevice: expected a CUDA device but received ${describe(device)}`);
  setCurrentCuda(gpu('setDevice', device));
}

/** Internal: runs `f` between `enter` and `leave`, also when it is async. */
export function during<R>(where: string, f: () => R, enter: () => void, leave: () => void): R {
  checkFunction(where, f);
  enter();
  return leaving(f, leave);
}
/**
 * Runs `f` while another CUDA device is the current one, and gives back what it returns; null or a negative index
 * changes nothing. Throws DeviceError if there is no such device.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.device(0, () => torch.cuda.currentDevice()) : 0 // 0
 */
export function device<R>(device: CudaDevice, f: () => R): R {
  const before = getCurrentCuda();
  const stay = device === null || device === undefined || (typeof device === 'number' && device < 0);
  const there = stay ? before : gpu('device', device);
  return during(
    'device',
    f,
    () => setCurrentCuda(there),
    () => setCurrentCuda(before),
  );
}
/**
 * As {@link device}, for the device of a tensor; one of the CPU changes nothing.
 * @example
 * torch.cuda.deviceOf(torch.ones(2), () => 'the same device as before') // the same device as before
 */
export function deviceOf<R>(tensor: Tensor, f: () => R): R {
  if (!(tensor instanceof Tensor)) throw new TypeError(`deviceOf: expected a Tensor but received ${describe(tensor)}`);
  return inNameOf('deviceOf', () => device(tensor.isCuda ? tensor.device : null, f));
}
/**
 * Waits for all work of a CUDA device. Throws DeviceError if there is none.
 * @example
 * const y = torch.ones(3).mul(2)
 * if (torch.cuda.isAvailable()) torch.cuda.synchronize() // before a clock is read
 * y.sum() // tensor(6.)
 */
export function synchronize(device?: CudaDevice): void {
  const index = gpu('synchronize', device);
  ask('synchronize', (addon) => addon.synchronize(index));
}
/**
 * Whether a CUDA device computes in bfloat16, in hardware or (`includingEmulation`) by way of float32.
 * @example
 * const dtype = torch.cuda.isBf16Supported() ? 'bfloat16' : 'float16'
 * dtype // float16
 */
export function isBf16Supported(includingEmulation = true): boolean {
  return isAvailable() && (includingEmulation || propertiesOf(gpu('isBf16Supported')).major >= 8);
}
/**
 * Whether a CUDA device multiplies in TensorFloat-32.
 * @example
 * torch.cuda.isTf32Supported() // false
 */
export function isTf32Supported(): boolean {
  return isAvailable() && propertiesOf(gpu('isTf32Supported')).major >= 8;
}
/**
 * The architectures that this build has kernels for; none where it has no CUDA backend.
 * @example
 * Array.isArray(torch.cuda.getArchList()) // true
 */
export function getArchList(): string[] {
  return cudaStatus().addon?.architectures() ?? [];
}
/**
 * What nvcc was told of these architectures.
 * @example
 * typeof torch.cuda.getGencodeFlags() // string
 */
export function getGencodeFlags(): string {
  return getArchList()
    .map((name) => `-gencode compute=compute_${name.split('_')[1]},code=${name}`)
    .join(' ');
}
/**
 * The libraries of NVIDIA's that kernels use where they are there: of each its version and place, or why it is not used.
 * @example
 * torch.cuda.libraries().filter(({ name }) => name === 'a library') // []
 */
export function libraries(): CudaLibrary[] {
  return cudaStatus().addon?.libraries() ?? [];
}
/**
 * Frees memory shared between processes: there is none. Throws DeviceError if there is no CUDA device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.ipcCollect()
 * torch.cuda.deviceCount() > 0 // false
 */
export function ipcCollect(): void {
  gpu('ipcCollect');
}
/**
 * Whether launches are being recorded as a graph: they never are.
 * @example
 * torch.cuda.isCurrentStreamCapturing() // false
 */
export function isCurrentStreamCapturing(): boolean {
  return false;
}

/** Internal: the Device object of an index. */
export const cudaDevice = (index: number): Device => deviceNamed('cuda', index);
