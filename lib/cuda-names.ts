// The rest of torch.cuda: properties, streams, events and old constructors, while this build has no CUDA backend.
import { type Call, readArguments } from './define.ts';
import type { DeviceLike } from './device.ts';
import { DeviceError } from './errors.ts';
import type { LegacyConstructor } from './from-data.ts';
import type { Tensor } from './tensor.ts';

function absent(where: string): never {
  throw new DeviceError(`${where}: no CUDA device is available: this build of flambeau has no CUDA backend`);
}

/** What CUDA tells of a device. */
export interface DeviceProperties {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly totalMemory: number;
  readonly multiProcessorCount: number;
}
/**
 * What CUDA tells of a device. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getDeviceProperties(0).name : 'none' // none
 */
export function getDeviceProperties(_device: DeviceLike | number = 0): DeviceProperties {
  return absent('getDeviceProperties');
}
/**
 * Figures of the memory of a CUDA device: none without one.
 * @example
 * torch.cuda.memoryStats() // {}
 */
export function memoryStats(_device: DeviceLike | number = 0): Record<string, number> {
  return {};
}
/**
 * The same as text. Throws DeviceError if there is no CUDA device.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.memorySummary() : 'none' // none
 */
export function memorySummary(_device: DeviceLike | number = 0): string {
  return absent('memorySummary');
}
/**
 * The architectures that this build has kernels for.
 * @example
 * torch.cuda.getArchList() // []
 */
export function getArchList(): string[] {
  return [];
}
/**
 * The queue of work of a CUDA device. Throws DeviceError if there is none.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.currentStream()
 * torch.cuda.deviceCount() > 0 // false
 */
export function currentStream(_device: DeviceLike | number = 0): Stream {
  return absent('currentStream');
}
/**
 * A queue of work of a CUDA device. Throws DeviceError if there is none.
 * @example
 * const stream = torch.cuda.isAvailable() ? new torch.cuda.Stream() : null
 * stream // null
 */
export class Stream {
  constructor(_device: DeviceLike | number = 0) {
    absent('Stream');
  }
  /** Waits for its work. */
  synchronize(): void {
    absent('Stream');
  }
}
/**
 * A mark in a queue of work, between two of which time is measured. As in PyTorch it can be made without a device; what is
 * asked of it throws DeviceError.
 * @example
 * const start = new torch.cuda.Event({ enableTiming: true })
 * if (torch.cuda.isAvailable()) start.record()
 * typeof start // object
 */
export class Event {
  constructor(...args: Call<[enableTiming?: boolean, blocking?: boolean], EventOptions>) {
    readArguments<EventOptions>('Event', args, ['enableTiming', 'blocking']);
  }
  /** Sets the mark behind the work so far. */
  record(_stream?: Stream): void {
    absent('Event');
  }
  /** Milliseconds from this mark to another. */
  elapsedTime(_end: Event): number {
    return absent('Event');
  }
  /** Whether the work before the mark is done. */
  query(): boolean {
    return absent('Event');
  }
  /** Waits for the work before the mark. */
  synchronize(): void {
    absent('Event');
  }
}
/** Options of {@link Event}. */
export interface EventOptions {
  enableTiming?: boolean | undefined;
  blocking?: boolean | undefined;
}

/** A constructor of tensors on a CUDA device. */
function legacy(name: string): LegacyConstructor {
  // no arrow function: `new` refuses those
  function make(): Tensor {
    return absent(name);
  }
  Object.defineProperty(make, 'name', { value: name });
  return make as LegacyConstructor;
}
/**
 * As `torch.FloatTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const FloatTensor = torch.cuda.isAvailable() ? torch.cuda.FloatTensor : torch.FloatTensor
 * FloatTensor([1, 2]) // tensor([1., 2.])
 */
export const FloatTensor: LegacyConstructor = legacy('FloatTensor');
/**
 * As `torch.LongTensor`, on a CUDA device. Throws DeviceError if there is none.
 * @example
 * const LongTensor = torch.cuda.isAvailable() ? torch.cuda.LongTensor : torch.LongTensor
 * LongTensor([1, 2]) // tensor([1, 2])
 */
export const LongTensor: LegacyConstructor = legacy('LongTensor');
