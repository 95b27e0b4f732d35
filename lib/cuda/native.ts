// The CUDA addon: its typed mirror, and its loading when CUDA is first asked for; a script for the CPU never looks for it.
import { loadAddon, native } from '../native.ts';

/** What a GPU is. Sizes in bytes, rates in kHz, the bus in bits. */
export interface CudaProperties {
  name: string;
  major: number;
  minor: number;
  totalMemory: number;
  multiProcessorCount: number;
  maxThreadsPerMultiProcessor: number;
  maxThreadsPerBlock: number;
  warpSize: number;
  sharedMemoryPerBlock: number;
  sharedMemoryPerMultiprocessor: number;
  regsPerMultiprocessor: number;
  l2CacheSize: number;
  clockRate: number;
  memoryClockRate: number;
  memoryBusWidth: number;
  pciBusId: string;
  uuid: string;
}
/** A library of NVIDIA's that kernels use where it is there. */
export interface CudaLibrary {
  name: string;
  version: string | null;
  path: string | null;
  /** Why it is not used, if so. */
  reason: string | null;
}
/** Mirror of native/cuda-addon. Devices are CUDA's indices; streams and events are numbers, stream 0 the default one. */
export interface CudaNative {
  /** What the CPU's addon takes over: see useBackend of native.ts. */
  backend(): object;
  status(): { devices: number; reason: string | null };
  properties(device: number): CudaProperties;
  memoryInfo(device: number): [free: number, total: number];
  synchronize(device: number): void;
  stats(device: number): Record<string, number>;
  resetPeak(device: number): void;
  setFraction(device: number, fraction: number): void;
  createStream(device: number, priority: number): number;
  destroyStream(stream: number): void;
  setStream(device: number, stream: number): void;
  currentStream(device: number): number;
  streamQuery(stream: number): boolean;
  streamSynchronize(stream: number): void;
  streamWaitEvent(stream: number, event: number): void;
  createEvent(timing: boolean): number;
  destroyEvent(event: number): void;
  recordEvent(event: number, stream: number, device: number): void;
  eventQuery(event: number): boolean;
  eventSynchronize(event: number): void;
  eventElapsed(start: number, end: number): number;
  libraries(): CudaLibrary[];
  setTf32(allowed: boolean): void;
  archList(): string[];
}

/** What CUDA there is: the addon and how many devices, or why none. */
export interface CudaStatus {
  readonly addon: CudaNative | null;
  readonly devices: number;
  readonly reason: string;
}

const NONE = 'this build of flambeau has no CUDA backend';

/** The file of the addon, null where FLAMBEAU_CUDA switches it off. */
function file(): string | null {
  const wanted = process.env.FLAMBEAU_CUDA;
  if (wanted === 'off') return null;
  return wanted === 'emulate' ? 'flambeau_cuda_emulated.node' : 'flambeau_cuda.node';
}

function find(): CudaStatus {
  const name = file();
  const absent = (reason: string): CudaStatus => ({ addon: null, devices: 0, reason });
  if (name === null) return absent('CUDA is switched off: FLAMBEAU_CUDA is set to off');
  let addon: CudaNative;
  try {
    addon = loadAddon(name) as CudaNative;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    return absent(code === 'MODULE_NOT_FOUND' ? NONE : `the CUDA addon cannot be loaded: ${message}`);
  }
  const { devices, reason } = addon.status();
  if (devices > 0) native.useBackend(addon.backend());
  return { addon, devices, reason: reason ?? 'no CUDA device is here' };
}

let known: CudaStatus | null = null;
/** What CUDA there is; the first question loads the addon. */
export const cudaStatus = (): CudaStatus => (known ??= find());
/** Whether CUDA was asked for yet and is there. */
export const cudaInUse = (): boolean => known !== null && known.devices > 0;
/** The memory of a device, in bytes. */
export const cudaMemory = (device: number): number => cudaStatus().addon!.properties(device).totalMemory;
