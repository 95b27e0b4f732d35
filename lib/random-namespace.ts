// torch.random: the default generator's seed and state, and forkRng, which puts the states back.
import { cudaStatus } from './cuda/native.ts';
import { type CudaDevice, cudaDevice, gpu } from './cuda/devices.ts';
import { checkOptions } from './arguments.ts';
import { checkFunction, describe } from './errors.ts';
import { defaultGenerator, type Generator, generatorOf } from './random.ts';
import { leaving } from './scope.ts';

export { defaultGenerator, getRngState, initialSeed, manualSeed, seed, setRngState } from './random.ts';

/** Options of {@link forkRng}. */
export interface ForkRngOptions {
  /** The GPUs whose generators are put back, too; all of them by default. The CPU's always is. */
  devices?: Iterable<CudaDevice> | null | undefined;
  /** False: `f` is only called. */
  enabled?: boolean | undefined;
  /** What `devices` count: there is nothing but `'cuda'` here. */
  deviceType?: 'cuda' | null | undefined;
}

/**
 * Runs `f`, gives back what it returns, and puts the default generators back into the states that they had before, also if
 * `f` throws or is async. Throws DeviceError for devices that are not there.
 * @example
 * torch.manualSeed(0)
 * torch.random.forkRng(() => torch.rand(2))
 * torch.rand(2) // tensor([0.4963, 0.7682])
 */
export function forkRng<R>(f: () => R): R;
export function forkRng<R>(options: ForkRngOptions, f: () => R): R;
export function forkRng<R>(...args: [f: () => R] | [options: ForkRngOptions, f: () => R]): R {
  const [first, second] = args;
  const f = typeof first === 'function' ? first : second;
  const options = typeof first === 'function' ? {} : first;
  checkOptions('forkRng', options, ['devices', 'enabled', 'deviceType']);
  checkFunction('forkRng', f);
  const { devices = null, enabled = true, deviceType = 'cuda' } = options ?? {};
  if (typeof enabled !== 'boolean')
    throw new TypeError(`forkRng: expected a boolean for enabled but received ${describe(enabled)}`);
  if (deviceType !== 'cuda' && deviceType !== null)
    throw new TypeError(`forkRng: expected 'cuda' for deviceType but received ${describe(deviceType)}`);
  if (devices !== null && (typeof devices !== 'object' || !(Symbol.iterator in devices)))
    throw new TypeError(`forkRng: expected a list for devices but received ${describe(devices)}`);
  const run = f as () => R;
  if (!enabled) return run();
  const generators: Generator[] = [defaultGenerator];
  if (devices === null) for (let i = 0; i < cudaStatus().devices; i++) generators.push(generatorOf(cudaDevice(i)));
  else for (const device of devices) generators.push(generatorOf(cudaDevice(gpu('forkRng', device))));
  const states = generators.map((generator) => generator.getState());
  const restore = (): void => generators.forEach((generator, i) => void generator.setState(states[i]!));
  return leaving(run, restore);
}
