// torch.cuda's seeds and generators' states: those of random.ts's generators of GPUs.
import { describe, DeviceError, inNameOf } from '../errors.ts';
import { generatorOf, seedCuda, seedOf } from '../random.ts';
import type { Generator } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import { type CudaDevice, cudaDevice, gpu, isAvailable } from './devices.ts';
import { cudaStatus } from './native.ts';

const of = (where: string, device?: CudaDevice): Generator => generatorOf(cudaDevice(gpu(where, device)));
const all = (): Generator[] => Array.from({ length: cudaStatus().devices }, (_, i) => generatorOf(cudaDevice(i)));

/**
 * Seeds the current CUDA device; without one, as in PyTorch, nothing happens. Throws TypeError for what is no whole number.
 * @example
 * torch.cuda.manualSeed(0) // undefined
 */
export function manualSeed(seed: number | bigint): void {
  const bits = seedOf('manualSeed', seed);
  if (isAvailable()) of('manualSeed').manualSeed(bits);
}
/**
 * Seeds all CUDA devices; without one, as in PyTorch, nothing happens. Throws TypeError for what is no whole number.
 * @example
 * torch.cuda.manualSeedAll(0) // undefined
 */
export function manualSeedAll(seed: number | bigint): void {
  seedCuda(seedOf('manualSeedAll', seed));
}
/**
 * Seeds the current CUDA device from the system; without one, as in PyTorch, nothing happens.
 * @example
 * torch.cuda.seed() // undefined
 */
export function seed(): void {
  if (isAvailable()) of('seed').seed();
}
/**
 * Seeds all CUDA devices with the same number of the system's; without one, as in PyTorch, nothing happens.
 * @example
 * torch.cuda.seedAll() // undefined
 */
export function seedAll(): void {
  if (isAvailable()) manualSeedAll(of('seedAll', 0).seed());
}
/**
 * The seed that the current CUDA device started from. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.initialSeed() : 0 // 0
 */
export function initialSeed(): number | bigint {
  return of('initialSeed').initialSeed();
}
/**
 * The state of a CUDA device's generator, PyTorch's uint8 tensor of 16 values. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getRngState().shape[0] : 16 // 16
 */
export function getRngState(device: CudaDevice = 'cuda'): Tensor {
  return of('getRngState', device).getState();
}
/**
 * The states of the CUDA devices' generators: none without one.
 * @example
 * torch.cuda.getRngStateAll() // []
 */
export function getRngStateAll(): Tensor[] {
  return all().map((generator) => generator.getState());
}
/**
 * Puts a CUDA device's generator back into a state. Throws RangeError for what is no state, DeviceError if there is no
 * such device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.setRngState(torch.cuda.getRngState())
 * torch.cuda.deviceCount() > 0 // false
 */
export function setRngState(newState: Tensor, device: CudaDevice = 'cuda'): void {
  inNameOf('setRngState', () => of('setRngState', device).setState(newState));
}
/**
 * Sets the states of the CUDA devices' generators. Throws DeviceError for more states than devices.
 * @example
 * torch.cuda.setRngStateAll(torch.cuda.getRngStateAll()) // undefined
 */
export function setRngStateAll(newStates: readonly Tensor[]): void {
  if (!Array.isArray(newStates))
    throw new TypeError(`setRngStateAll: expected a list of states but received ${describe(newStates)}`);
  const there = all();
  if (newStates.length > there.length) {
    if (there.length === 0) gpu('setRngStateAll');
    throw new DeviceError(`setRngStateAll: ${newStates.length} states were given for ${there.length} CUDA devices`);
  }
  newStates.forEach((state: Tensor, i) => setRngState(state, i));
}
