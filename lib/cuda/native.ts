// The CUDA addon: its typed mirror, and its loading when CUDA is first asked for; a script for the CPU never looks for it.
import { DeviceError, OutOfMemoryError } from '../errors.ts';
import { cudaPackage, libraryVersion } from '../addon.ts';
import { backendFile, native } from '../native.ts';

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
  sharedMemoryPerBlockOptin: number;
  sharedMemoryPerMultiprocessor: number;
  regsPerMultiprocessor: number;
  l2CacheSize: number;
  clockRate: number;
  memoryClockRate: number;
  memoryBusWidth: number;
  isIntegrated: number;
  isMultiGpuBoard: number;
  pciBusId: string;
  uuid: string;
}
/** A library of NVIDIA's that kernels use where it is there. */
export interface CudaLibrary {
  name: string;
  /** Empty where it is not used. */
  version: string;
  path: string;
  /** Why it is not used, or empty. */
  reason: string;
}
/**
 * Mirror of native/addon_devices.cc. Devices are CUDA's indices; streams and events are numbers, stream 0 a device's
 * default one.
 */
export interface CudaNative {
  status(): { devices: number; reason: string | null };
  properties(device: number): CudaProperties;
  architectures(): string[];
  libraries(): CudaLibrary[];
  memoryInfo(device: number): [free: number, total: number];
  memoryStats(device: number): Record<string, number>;
  resetPeaks(device: number): void;
  synchronize(device: number): void;
  /** What the storage holds when the work queued so far is done. */
  readAsync(handle: number, byteOffset: number, bytes: number): Promise<ArrayBuffer>;
  recordStream(handle: number, stream: number): void;
  /** Page-locked memory; null where there is none, or where JavaScript cannot have buffers over it. */
  allocatePinned(bytes: number): ArrayBuffer | null;
  createStream(device: number, priority: number): number;
  destroyStream(stream: number): void;
  currentStream(device: number): number;
  setStream(device: number, stream: number): void;
  streamDone(device: number, stream: number): boolean;
  waitStream(device: number, stream: number): void;
  createEvent(device: number, timing: boolean): number;
  destroyEvent(event: number): void;
  recordEvent(event: number, device: number, stream: number): void;
  eventDone(event: number): boolean;
  waitEvent(event: number): void;
  streamWaitEvent(device: number, stream: number, event: number): void;
  /** Milliseconds. */
  elapsed(from: number, to: number): number;
  /**
   * What few ask for, by name and, behind a line's end, with a text: cuda/nccl.h. `memory` is (handle, byteOffset, bytes) of each
   * part of a storage. What comes of it is written over the numbers: gives how many.
   */
  call(what: string, numbers: Float64Array, memory: Float64Array): number;
  /** A switch such as `allowTf32`; false if there is no such. */
  setOption(name: string, value: number): boolean;
}

/** What CUDA there is: the addon and how many devices, or why none. */
export interface CudaStatus {
  readonly addon: CudaNative | null;
  readonly devices: number;
  readonly reason: string;
}

/** The file of the addon: of GPUs, or of the emulator. */
const file = (): string =>
  process.env.FLAMBEAU_CUDA === 'emulate' ? 'flambeau_cuda_emulated.node' : 'flambeau_cuda.node';
/** Whether this build has a CUDA backend. */
export const cudaBuilt = (): boolean => backendFile(file()) !== undefined;

function find(): CudaStatus {
  const absent = (reason: string): CudaStatus => ({ addon: null, devices: 0, reason });
  const wanted = process.env.FLAMBEAU_CUDA;
  if (wanted === 'off') return absent('CUDA is switched off: FLAMBEAU_CUDA is set to off');
  if (wanted !== undefined && wanted !== '' && wanted !== 'on' && wanted !== 'emulate')
    return absent(`FLAMBEAU_CUDA is '${wanted}', and must be 'on', 'off' or 'emulate'`);
  const path = backendFile(file());
  if (path === undefined)
    return absent(
      `the CUDA backend ${file()} is not here: npm install ${cudaPackage}@${libraryVersion}, or in a clone npm run build:cuda`,
    );
  let addon: CudaNative;
  try {
    addon = native.loadBackend(path) as CudaNative;
  } catch (error) {
    return absent(`its CUDA library cannot be loaded: ${(error as Error).message}`);
  }
  for (const [name, value] of options) addon.setOption(name, value);
  const { devices, reason } = addon.status();
  return { addon, devices, reason: reason ?? 'no CUDA device is here' };
}

let known: CudaStatus | null = null;
const options = new Map<string, number>();
/** Sets a switch of the backend, now or when it is loaded. */
export function setCudaOption(name: string, value: number): void {
  options.set(name, value);
  known?.addon?.setOption(name, value);
}
/** What CUDA there is; the first question loads the addon. */
export const cudaStatus = (): CudaStatus => (known ??= find());
/** Whether CUDA was asked for yet and is there. */
export const cudaInUse = (): boolean => known !== null && known.devices > 0;
/** The memory of a device, in bytes. */
export const cudaMemory = (device: number): number => cudaStatus().addon!.properties(device).totalMemory;

/** An error of the addon in the words of the public API. */
export function cudaError(where: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: string };
  const message = error.message.startsWith(`${where}: `) ? error.message : `${where}: ${error.message}`;
  if (code === 'FLAMBEAU_MEMORY') return new OutOfMemoryError(message);
  // what a kernel was given and could not use, which is found when the GPU is waited for
  if (code === 'FLAMBEAU_INDEX') return new RangeError(message);
  if (code === 'FLAMBEAU_ASYNC') return new Error(message);
  if (code === 'FLAMBEAU_CUDA' || code === 'FLAMBEAU_DEVICE') return new DeviceError(message);
  return error;
}
/** Calls what waits for a device. */
export function waiting<R>(where: string, f: () => R): R {
  try {
    return f();
  } catch (error) {
    throw cudaError(where, error);
  }
}
/** Asks the addon, which the caller knows to be there. */
export function ask<R>(where: string, f: (addon: CudaNative) => R): R {
  const { addon, reason } = cudaStatus();
  if (addon === null) throw new DeviceError(`${where}: no CUDA device is available: ${reason}`);
  return waiting(where, () => f(addon));
}
const NOTHING = new Float64Array(0);
/** What comes of one of those calls. */
export function callCuda(what: string, numbers: readonly number[], memory: Float64Array = NOTHING): number[] {
  // the longest that comes of one is the id of a communicator
  const list = new Float64Array(Math.max(numbers.length, 128));
  list.set(numbers);
  const { addon, reason } = cudaStatus();
  if (addon === null) throw new DeviceError(`no CUDA device is available: ${reason}`);
  return [...list.subarray(0, addon.call(what, list, memory))];
}
