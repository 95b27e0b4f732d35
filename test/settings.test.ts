// The switches of the namespace, and what torch.cuda, torch.backends and torch.accelerator answer without a GPU: as
// PyTorch's build for the CPU does.
import { afterEach, describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const { backends, cuda, accelerator } = torch;

afterEach(() => {
  torch.useDeterministicAlgorithms(false);
  torch.setFloat32MatmulPrecision('highest');
});

describe('backends', () => {
  test('switches are remembered, and take their own type alone', () => {
    backends.cudnn.deterministic = true;
    backends.cudnn.allowTf32 = false;
    backends.cuda.matmul.allowTf32 = true;
    backends.cuda.enableFlashSdp(false);
    const { cudnn } = backends;
    expect([cudnn.deterministic, cudnn.allowTf32, cudnn.benchmark, cudnn.benchmarkLimit]).toEqual([
      true,
      false,
      false,
      10,
    ]);
    expect([backends.cuda.matmul.allowTf32, backends.cuda.flashSdpEnabled(), backends.cuda.mathSdpEnabled()]).toEqual([
      true,
      false,
      true,
    ]);
    expect(() => (backends.cudnn.benchmark = 'yes' as never)).toThrow(/^cudnn: expected a boolean for benchmark/);
    expect(() => backends.cuda.enableMathSdp(1 as never)).toThrow(/^enableMathSdp: expected a boolean/);
  });
  test('what is there', () => {
    const { cudnn, mps, mkl, mkldnn, openmp, cpu } = backends;
    expect([cudnn.isAvailable(), cudnn.version(), mps.isAvailable(), mps.isBuilt()]).toEqual([
      false,
      null,
      false,
      false,
    ]);
    expect([mkl.isAvailable(), mkldnn.isAvailable(), openmp.isAvailable()].every((x) => typeof x === 'boolean')).toBe(
      true,
    );
    expect(['DEFAULT', 'AVX2', 'AVX512']).toContain(cpu.getCpuCapability());
  });
  test('without Winograd an infinity stays where it is', () => {
    const x = torch.ones(1, 16, 12, 12);
    x.index(0, 0, 0, 0).fill_(Number.POSITIVE_INFINITY);
    const finite = (): number =>
      torch.F.conv2d(x, torch.ones(16, 16, 3, 3))
        .isfinite()
        .sum()
        .item();
    const before = finite();
    backends.conv.winograd = false;
    try {
      expect(finite()).toBe(16 * 99);
    } finally {
      backends.conv.winograd = true;
    }
    expect(finite()).toBe(before);
  });
});

test('determinism', () => {
  expect([torch.areDeterministicAlgorithmsEnabled(), torch.getDeterministicDebugMode()]).toEqual([false, 0]);
  torch.useDeterministicAlgorithms(true);
  expect(torch.getDeterministicDebugMode()).toBe(2);
  torch.useDeterministicAlgorithms(true, { warnOnly: true });
  expect([torch.isDeterministicAlgorithmsWarnOnlyEnabled(), torch.getDeterministicDebugMode()]).toEqual([true, 1]);
  torch.setDeterministicDebugMode('error');
  expect([torch.areDeterministicAlgorithmsEnabled(), torch.isDeterministicAlgorithmsWarnOnlyEnabled()]).toEqual([
    true,
    false,
  ]);
  expect(() => torch.useDeterministicAlgorithms(3 as never)).toThrow(/^useDeterministicAlgorithms: expected a boolean/);
  expect(() => torch.setDeterministicDebugMode('other' as never)).toThrow(/invalid value of debug_mode/);
});

test('the precision of products', () => {
  expect(torch.getFloat32MatmulPrecision()).toBe('highest');
  torch.setFloat32MatmulPrecision('high');
  expect(torch.getFloat32MatmulPrecision()).toBe('high');
  expect(() => torch.setFloat32MatmulPrecision('other' as never)).toThrow(
    /is not one of 'highest', 'high', or 'medium'/,
  );
});

test('CUDA, where there is none', () => {
  expect(cuda.isBf16Supported()).toBe(false);
  for (const f of [cuda.memoryAllocated, cuda.maxMemoryAllocated, cuda.memoryReserved, cuda.maxMemoryReserved])
    expect(f()).toBe(0);
  expect([cuda.manualSeed(1), cuda.manualSeedAll(1), cuda.seedAll(), cuda.emptyCache()]).toEqual(
    new Array(4).fill(undefined),
  );
  expect([cuda.getRngStateAll(), cuda.setRngStateAll([])]).toEqual([[], undefined]);
  expect(cuda.memoryStats()).toEqual({});
  // a build may have kernels for GPUs and find none
  expect(torch.backends.cuda.isBuilt()).toBe(cuda.getArchList().length > 0);
  expect(cuda.setDevice(-1)).toBeUndefined();
  for (const f of [
    () => cuda.setDevice(0),
    () => cuda.setDevice('cuda:0'),
    () => cuda.getDeviceCapability(),
    () => cuda.memGetInfo(),
    () => cuda.resetPeakMemoryStats(),
    () => cuda.ipcCollect(),
    () => cuda.setRngStateAll([torch.zeros(1)]),
    () => cuda.getDeviceProperties(0),
    () => cuda.memorySummary(),
    () => cuda.currentStream(),
    () => new cuda.Stream(),
    () => new cuda.Event({ enableTiming: true }).record(),
    () => cuda.FloatTensor([1]),
    () => new cuda.LongTensor(2),
  ])
    expect(f).toThrow(torch.DeviceError);
  expect(() => cuda.setDevice('gpu')).toThrow(/^setDevice: expected 'cpu', 'cuda' or 'cuda:0'/);
});

test('accelerators, of which there are none', () => {
  expect([accelerator.isAvailable(), accelerator.currentAccelerator(), accelerator.deviceCount()]).toEqual([
    false,
    null,
    0,
  ]);
  expect([accelerator.memoryAllocated(), accelerator.emptyCache()]).toEqual([0, undefined]);
  for (const f of [
    () => accelerator.synchronize(),
    () => accelerator.setDeviceIndex(0),
    accelerator.currentDeviceIndex,
  ])
    expect(f).toThrow(torch.DeviceError);
});
