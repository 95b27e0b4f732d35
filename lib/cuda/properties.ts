// What CUDA tells of a device, as torch.cuda.getDeviceProperties() gives it.
import { type CudaProperties, ask } from './native.ts';

const known = new Map<number, CudaProperties>();
/** Internal: the properties of the GPU of that index, which is there. */
export function propertiesOf(index: number): CudaProperties {
  let found = known.get(index);
  if (!found) known.set(index, (found = ask('getDeviceProperties', (addon) => addon.properties(index))));
  return found;
}

/**
 * What CUDA tells of a device: sizes in bytes, rates in kHz, the bus in bits.
 * @example
 * torch.cuda.isAvailable() ? torch.cuda.getDeviceProperties() instanceof torch.cuda.DeviceProperties : true // true
 */
export class DeviceProperties {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly totalMemory: number;
  readonly multiProcessorCount: number;
  readonly maxThreadsPerMultiProcessor: number;
  readonly maxThreadsPerBlock: number;
  readonly warpSize: number;
  readonly sharedMemoryPerBlock: number;
  readonly sharedMemoryPerBlockOptin: number;
  readonly sharedMemoryPerMultiprocessor: number;
  readonly regsPerMultiprocessor: number;
  readonly L2CacheSize: number;
  readonly clockRate: number;
  readonly memoryClockRate: number;
  readonly memoryBusWidth: number;
  readonly isIntegrated: boolean;
  readonly isMultiGpuBoard: boolean;
  readonly pciDomainId: number;
  readonly pciBusId: number;
  readonly pciDeviceId: number;
  readonly uuid: string;
  constructor(p: CudaProperties) {
    if (typeof p !== 'object' || p === null || typeof p.pciBusId !== 'string')
      throw new TypeError('DeviceProperties: torch.cuda.getDeviceProperties() makes them');
    this.name = p.name;
    this.major = p.major;
    this.minor = p.minor;
    this.totalMemory = p.totalMemory;
    this.multiProcessorCount = p.multiProcessorCount;
    this.maxThreadsPerMultiProcessor = p.maxThreadsPerMultiProcessor;
    this.maxThreadsPerBlock = p.maxThreadsPerBlock;
    this.warpSize = p.warpSize;
    this.sharedMemoryPerBlock = p.sharedMemoryPerBlock;
    this.sharedMemoryPerBlockOptin = p.sharedMemoryPerBlockOptin;
    this.sharedMemoryPerMultiprocessor = p.sharedMemoryPerMultiprocessor;
    this.regsPerMultiprocessor = p.regsPerMultiprocessor;
    this.L2CacheSize = p.l2CacheSize;
    this.clockRate = p.clockRate;
    this.memoryClockRate = p.memoryClockRate;
    this.memoryBusWidth = p.memoryBusWidth;
    this.isIntegrated = p.isIntegrated !== 0;
    this.isMultiGpuBoard = p.isMultiGpuBoard !== 0;
    // 0000:65:00.0
    const [domain = 0, bus = 0, slot = 0] = p.pciBusId.split(/[:.]/).map((part) => Number.parseInt(part, 16));
    this.pciDomainId = domain;
    this.pciBusId = bus;
    this.pciDeviceId = slot;
    this.uuid = p.uuid;
  }
  /** One line, as PyTorch prints it. */
  toString(): string {
    const mb = (bytes: number): number => Math.floor(bytes / 2 ** 20);
    return (
      `_CudaDeviceProperties(name='${this.name}', major=${this.major}, minor=${this.minor}, ` +
      `total_memory=${mb(this.totalMemory)}MB, multi_processor_count=${this.multiProcessorCount}, uuid=${this.uuid}, ` +
      `pci_bus_id=${this.pciBusId}, pci_device_id=${this.pciDeviceId}, pci_domain_id=${this.pciDomainId}, ` +
      `L2_cache_size=${mb(this.L2CacheSize)}MB)`
    );
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
