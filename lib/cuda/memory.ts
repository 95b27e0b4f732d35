// torch.cuda's figures of memory, and its limits. They are the allocator's (cuda/allocator.cc), which counts blocks: a
// tensor that JavaScript has not collected yet still has one.
import { readArguments } from '../arguments.ts';
import { getCurrentCuda } from '../device.ts';
import { describe } from '../errors.ts';
import { emptyCache as emptyAll } from '../memory.ts';
import { native } from '../native.ts';
import { type CudaDevice, gpu } from './devices.ts';
import { ask, cudaInUse, cudaStatus } from './native.ts';
import { propertiesOf } from './properties.ts';

/** Sums of what was allocated and freed, as they were when they were last reset. */
const bases = new Map<number, Record<string, number>>();
const SUMMED = /\.(allocated|freed)$|^num_/;

function statsOf(where: string, device?: CudaDevice): Record<string, number> {
  if (cudaStatus().devices === 0) return {};
  const index = gpu(where, device);
  const found = ask(where, (addon) => addon.memoryStats(index));
  const base = bases.get(index);
  if (base) for (const name of Object.keys(base)) found[name] = (found[name] ?? 0) - base[name]!;
  return found;
}
const figure = (where: string, name: string, device?: CudaDevice): number => statsOf(where, device)[name] ?? 0;

/**
 * Bytes of tensors on a CUDA device.
 * @example
 * torch.cuda.memoryAllocated() // 0
 */
export function memoryAllocated(device?: CudaDevice): number {
  return figure('memoryAllocated', 'allocated_bytes.all.current', device);
}
/**
 * The most bytes of tensors there ever were on a CUDA device.
 * @example
 * torch.cuda.maxMemoryAllocated() // 0
 */
export function maxMemoryAllocated(device?: CudaDevice): number {
  return figure('maxMemoryAllocated', 'allocated_bytes.all.peak', device);
}
/**
 * Bytes of a CUDA device that are held for tensors.
 * @example
 * torch.cuda.memoryReserved() // 0
 */
export function memoryReserved(device?: CudaDevice): number {
  return figure('memoryReserved', 'reserved_bytes.all.current', device);
}
/**
 * The most bytes of a CUDA device that were ever held for tensors.
 * @example
 * torch.cuda.maxMemoryReserved() // 0
 */
export function maxMemoryReserved(device?: CudaDevice): number {
  return figure('maxMemoryReserved', 'reserved_bytes.all.peak', device);
}

const OVERSIZE = ['oversize_allocations', 'oversize_segments'];
const PARTS = ['current', 'peak', 'allocated', 'freed'] as const;
/**
 * Figures of the memory of a CUDA device under PyTorch's names, such as `allocated_bytes.all.current`; none without one.
 * @example
 * torch.cuda.memoryStats() // {}
 */
export function memoryStats(device?: CudaDevice): Record<string, number> {
  const found = statsOf('memoryStats', device);
  if (cudaStatus().devices === 0) return found;
  // blocks that are too large to be split: here none are
  for (const name of OVERSIZE) for (const part of PARTS) found[`${name}.${part}`] = 0;
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}
/** Figures by the parts of their names. */
export interface NestedStats {
  [name: string]: number | NestedStats;
}
/**
 * The same as objects in objects.
 * @example
 * torch.cuda.memoryStatsAsNestedDict() // {}
 */
export function memoryStatsAsNestedDict(device?: CudaDevice): NestedStats {
  const out: NestedStats = {};
  for (const [name, value] of Object.entries(memoryStats(device))) {
    const path = name.split('.');
    const last = path.pop()!;
    let at = out;
    for (const part of path) at = (at[part] ??= {}) as NestedStats;
    at[last] = value;
  }
  return out;
}

/** A number in as large a unit as its row has, `first` being the row's first number. */
function scaled(value: number, first: number, units: readonly string[], step: number, most: number): [number, string] {
  let [n, top, u] = [value, first, 0];
  for (; u < units.length - 1 && top >= most; u++) {
    n = Math.floor(n / step);
    top /= step;
  }
  return [n, units[u]!];
}
type Format = (value: number, first: number) => string;
const bytes: Format = (value, first) => {
  const [n, unit] = scaled(value, first, ['B  ', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'], 1024, 768 * 1024);
  return `${String(n).padStart(6)} ${unit}`;
};
const count: Format = (value, first) => {
  const [n, unit] = scaled(value, first, [' ', 'K', 'M'], 1000, 750 * 1000);
  return `${String(n).padStart(7)} ${unit} `;
};
const ROWS: readonly (readonly [key: string, name: string, format: Format])[] = [
  ['allocated_bytes', 'Allocated memory', bytes],
  ['active_bytes', 'Active memory', bytes],
  ['requested_bytes', 'Requested memory', bytes],
  ['reserved_bytes', 'GPU reserved memory', bytes],
  ['inactive_split_bytes', 'Non-releasable memory', bytes],
  ['allocation', 'Allocations', count],
  ['active', 'Active allocs', count],
  ['segment', 'GPU reserved segments', count],
  ['inactive_split', 'Non-releasable allocs', count],
  ['oversize_allocations', 'Oversize allocations', count],
  ['oversize_segments', 'Oversize GPU segments', count],
];
/**
 * The figures as PyTorch's table. Throws DeviceError if there is no CUDA device.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.memorySummary() : 'none' // none
 */
export function memorySummary(device?: CudaDevice, abbreviated: boolean | { abbreviated?: boolean } = false): string {
  const where = 'memorySummary';
  const { abbreviated: short = false } = readArguments<{ abbreviated: boolean }>(where, [abbreviated], ['abbreviated']);
  const index = gpu(where, device);
  const stats = memoryStats(index);
  const line = (c: string): string => c.repeat(75);
  const out = [
    line('='),
    `${' '.repeat(18)}PyTorch CUDA memory summary, device ID ${String(index).padEnd(17)} `,
    line('-'),
    `${' '.repeat(12)}CUDA OOMs: ${String(stats.num_ooms).padEnd(12)} | ${' '.repeat(7)}cudaMalloc retries: ${String(stats.num_alloc_retries).padEnd(8)}  `,
    line('='),
    '        Metric         | Cur Usage  | Peak Usage | Tot Alloc  | Tot Freed  ',
  ];
  for (const [key, name, format] of ROWS) {
    const pools = OVERSIZE.includes(key)
      ? [[key, name]]
      : [
          [`${key}.all`, name],
          ...(short
            ? []
            : [
                [`${key}.large_pool`, '      from large pool'],
                [`${key}.small_pool`, '      from small pool'],
              ]),
        ];
    out.push(line('-'));
    for (const [pool, title] of pools) {
      const cells = PARTS.map((part) => format(stats[`${pool}.${part}`]!, stats[`${pools[0]![0]}.${part}`]!));
      out.push(` ${title!.padEnd(21)} | ${cells.join(' | ')} `);
    }
  }
  out.push(line('='));
  return `|${out.join('|\n|')}|\n`;
}

/**
 * Forgets the peaks of memory. Throws DeviceError if there is no CUDA device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.resetPeakMemoryStats()
 * torch.cuda.maxMemoryAllocated() // 0
 */
export function resetPeakMemoryStats(device?: CudaDevice): void {
  const index = gpu('resetPeakMemoryStats', device);
  ask('resetPeakMemoryStats', (addon) => addon.resetPeaks(index));
}
/**
 * PyTorch's older name of {@link resetPeakMemoryStats}.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.resetMaxMemoryAllocated()
 * torch.cuda.maxMemoryAllocated() // 0
 */
export function resetMaxMemoryAllocated(device?: CudaDevice): void {
  const index = gpu('resetMaxMemoryAllocated', device);
  ask('resetMaxMemoryAllocated', (addon) => addon.resetPeaks(index));
}
/**
 * Starts the sums of {@link memoryStats} (what was allocated and freed) from zero. Throws DeviceError if there is no CUDA
 * device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.resetAccumulatedMemoryStats()
 * torch.cuda.memoryStats()['num_ooms'] ?? 0 // 0
 */
export function resetAccumulatedMemoryStats(device?: CudaDevice): void {
  const index = gpu('resetAccumulatedMemoryStats', device);
  const found = ask('resetAccumulatedMemoryStats', (addon) => addon.memoryStats(index));
  bases.set(index, Object.fromEntries(Object.entries(found).filter(([name]) => SUMMED.test(name))));
}
/**
 * Free and all memory of a CUDA device, in bytes. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.memGetInfo() : [0, 0] // [ 0, 0 ]
 */
export function memGetInfo(device?: CudaDevice): [free: number, total: number] {
  const index = gpu('memGetInfo', device);
  return ask('memGetInfo', (addon) => addon.memoryInfo(index));
}
/**
 * Bytes of a CUDA device that are in use, by all processes. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.deviceMemoryUsed() : 0 // 0
 */
export function deviceMemoryUsed(device?: CudaDevice): number {
  const index = gpu('deviceMemoryUsed', device);
  const [free, total] = ask('deviceMemoryUsed', (addon) => addon.memoryInfo(index));
  return total - free;
}
/**
 * Collects tensors that are unreachable and gives unused memory of CUDA devices back; nothing without one.
 * @example
 * torch.cuda.emptyCache() // undefined
 */
export function emptyCache(): void {
  if (cudaInUse()) emptyAll();
}
/**
 * Limits the memory of a CUDA device that this process takes to a part of it, from 0 to 1; beyond it, allocating throws
 * OutOfMemoryError. The environment variable FLAMBEAU_CUDA_MEMORY_FRACTION sets it for all devices. Throws RangeError for
 * other numbers, DeviceError if there is no such device.
 * @example
 * if (torch.cuda.isAvailable()) torch.cuda.setPerProcessMemoryFraction(0.5)
 * torch.cuda.deviceCount() > 0 // false
 */
export function setPerProcessMemoryFraction(fraction: number, device?: CudaDevice): void {
  const where = 'setPerProcessMemoryFraction';
  if (typeof fraction !== 'number')
    throw new TypeError(`${where}: expected a number for fraction but received ${describe(fraction)}`);
  if (!(fraction >= 0 && fraction <= 1))
    throw new RangeError(`${where}: Invalid fraction value: ${fraction}. Allowed range: 0~1`);
  const index = gpu(where, device);
  const total = propertiesOf(index).totalMemory;
  native.setLimit(fraction === 1 ? Number.MAX_SAFE_INTEGER : Math.floor(total * fraction), 1 + index);
}
/**
 * The part of a CUDA device's memory that this process may take. Throws DeviceError if there is none.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getPerProcessMemoryFraction() : 1 // 1
 */
export function getPerProcessMemoryFraction(device: CudaDevice = getCurrentCuda()): number {
  const index = gpu('getPerProcessMemoryFraction', device);
  return Math.min(1, native.poolStats(1 + index).limit / propertiesOf(index).totalMemory);
}
/**
 * Which allocator there is: PyTorch calls one like ours `native`.
 * @example
 * torch.cuda.getAllocatorBackend() // native
 */
export const getAllocatorBackend = (): string => 'native';
