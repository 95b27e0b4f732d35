// torch.cuda. Without a GPU everything that needs one throws DeviceError, which says why there is none.
export * as amp from './amp.ts';
export * from './constructors.ts';
export {
  type CudaDevice,
  currentDevice,
  device,
  deviceCount,
  deviceOf,
  getArchList,
  getDeviceCapability,
  getDeviceName,
  getDeviceProperties,
  getGencodeFlags,
  init,
  ipcCollect,
  isAvailable,
  isBf16Supported,
  isCurrentStreamCapturing,
  isInitialized,
  isTf32Supported,
  libraries,
  setDevice,
  synchronize,
} from './devices.ts';
export { OutOfMemoryError } from '../errors.ts';
export * from './memory.ts';
export type { CudaLibrary } from './native.ts';
export * as nccl from './nccl.ts';
export * as nvtx from './nvtx.ts';
export { DeviceProperties } from './properties.ts';
export * from './random.ts';
export * from './streams.ts';
