// torch.backends: what this build can use, and the switches of the libraries behind PyTorch. Those of libraries that are
// not here are remembered, so that scripts can set them, and change nothing.
import { cudaStatus } from './cuda/native.ts';
import { runStruct } from './dispatch.ts';
import { describe } from './errors.ts';
import { kernel, native } from './native.ts';

/** An object whose fields refuse values of another type than their first. */
function switches<T extends Record<string, boolean | number | string>>(
  where: string,
  fields: T,
  changed: (name: string, value: unknown) => void = () => {},
): T {
  const values: Record<string, unknown> = { ...fields };
  const out = {};
  for (const name of Object.keys(fields)) {
    Object.defineProperty(out, name, {
      enumerable: true,
      get: () => values[name],
      set: (value: unknown) => {
        if (typeof value !== typeof fields[name]) {
          throw new TypeError(
            `${where}: expected a ${typeof fields[name]} for ${name} but received ${describe(value)}`,
          );
        }
        values[name] = value;
        changed(name, value);
      },
    });
  }
  return out as T;
}
const answer =
  <T>(value: T) =>
  (): T =>
    value;

/**
 * Settings of cuDNN, which is not here: they are remembered and change nothing.
 * @example
 * torch.backends.cudnn.benchmark = true
 * [torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.isAvailable()] // [ true, false, false ]
 */
export const cudnn: {
  /** Whether cuDNN is used. */
  enabled: boolean;
  /** Whether the fastest algorithm is looked for. */
  benchmark: boolean;
  benchmarkLimit: number;
  /** Whether only deterministic algorithms are taken. */
  deterministic: boolean;
  /** Whether TensorFloat-32 may be used. */
  allowTf32: boolean;
  isAvailable(): boolean;
  /** Its version, or null without it. */
  version(): number | null;
} = Object.assign(
  switches('cudnn', {
    enabled: true,
    benchmark: false,
    benchmarkLimit: 10,
    deterministic: false,
    allowTf32: true,
  }),
  { isAvailable: answer(false), version: answer(null) },
);

const matmul = switches(
  'matmul',
  {
    allowTf32: false,
    allowFp16ReducedPrecisionReduction: true,
    allowBf16ReducedPrecisionReduction: true,
  },
  (name, value) => {
    if (name === 'allowTf32') cudaStatus().addon?.setOption(name, value === true ? 1 : 0);
  },
);
const sdp = { flash: true, math: true, memEfficient: true, cudnn: true };
const enable =
  (kind: keyof typeof sdp, name: string) =>
  (enabled: boolean): void => {
    if (typeof enabled !== 'boolean')
      throw new TypeError(`${name}: expected a boolean but received ${describe(enabled)}`);
    sdp[kind] = enabled;
  };
/**
 * Settings of CUDA's libraries: `matmul.allowTf32` lets cuBLAS round float32 to TensorFloat-32, where there is a GPU; the
 * others are remembered and change nothing.
 * @example
 * torch.backends.cuda.matmul.allowTf32 = true
 * [torch.backends.cuda.isBuilt(), torch.backends.cuda.matmul.allowTf32] // [ false, true ]
 */
export const cuda: {
  /** Settings of matrix products. */
  readonly matmul: {
    allowTf32: boolean;
    allowFp16ReducedPrecisionReduction: boolean;
    allowBf16ReducedPrecisionReduction: boolean;
  };
  /** Whether this build has a CUDA backend. */
  isBuilt(): boolean;
  flashSdpEnabled(): boolean;
  mathSdpEnabled(): boolean;
  memEfficientSdpEnabled(): boolean;
  cudnnSdpEnabled(): boolean;
  enableFlashSdp(enabled: boolean): void;
  enableMathSdp(enabled: boolean): void;
  enableMemEfficientSdp(enabled: boolean): void;
  enableCudnnSdp(enabled: boolean): void;
} = {
  matmul,
  isBuilt: answer(false),
  flashSdpEnabled: () => sdp.flash,
  mathSdpEnabled: () => sdp.math,
  memEfficientSdpEnabled: () => sdp.memEfficient,
  cudnnSdpEnabled: () => sdp.cudnn,
  enableFlashSdp: enable('flash', 'enableFlashSdp'),
  enableMathSdp: enable('math', 'enableMathSdp'),
  enableMemEfficientSdp: enable('memEfficient', 'enableMemEfficientSdp'),
  enableCudnnSdp: enable('cudnn', 'enableCudnnSdp'),
};

/**
 * Whether there is Apple's Metal: not in this build.
 * @example
 * torch.backends.mps.isAvailable() // false
 */
export const mps: { isAvailable(): boolean; isBuilt(): boolean } = {
  isAvailable: answer(false),
  isBuilt: answer(false),
};

const { blas, threads, isa } = native.build();
/**
 * Whether the addon was built with Intel's MKL for its matrix products.
 * @example
 * typeof torch.backends.mkl.isAvailable() // boolean
 */
export const mkl: { isAvailable(): boolean } = { isAvailable: () => /mkl/i.test(blas) };
/**
 * Settings of oneDNN, which is not here: they are remembered and change nothing.
 * @example
 * torch.backends.mkldnn.isAvailable() // false
 */
export const mkldnn: { enabled: boolean; deterministic: boolean; allowTf32: boolean; isAvailable(): boolean } =
  Object.assign(switches('mkldnn', { enabled: true, deterministic: false, allowTf32: true }), {
    isAvailable: answer(false),
  });
/**
 * Whether the addon was built with OpenMP for its threads; it has its own else.
 * @example
 * typeof torch.backends.openmp.isAvailable() // boolean
 */
export const openmp: { isAvailable(): boolean } = { isAvailable: () => /openmp/i.test(threads) };

const CAPABILITIES: readonly (readonly [RegExp, string])[] = [
  [/v4/, 'AVX512'],
  [/v3/, 'AVX2'],
];
/**
 * What the processor can do, as the kernels see it: `AVX2`, `AVX512` or `DEFAULT`.
 * @example
 * ['DEFAULT', 'AVX2', 'AVX512'].includes(torch.backends.cpu.getCpuCapability()) // true
 */
export const cpu: { getCpuCapability(): string } = {
  getCpuCapability: () => CAPABILITIES.find(([level]) => level.test(isa))?.[1] ?? 'DEFAULT',
};

const winogradKernel = kernel('convWinograd');
/**
 * Settings of the library's own convolutions. `winograd` (true) allows Winograd's algorithm, which is faster for windows
 * of 3 by 3; without it infinities stay where they are.
 * @example
 * torch.backends.conv.winograd = false
 * const y = torch.nn.functional.conv2d(torch.ones(1, 16, 8, 8), torch.ones(16, 16, 3, 3))
 * torch.backends.conv.winograd = true
 * y.sum() // tensor(82944.)
 */
export const conv: { winograd: boolean } = switches('conv', { winograd: true }, (_, value) =>
  runStruct(winogradKernel, [], [value ? 1 : 0]),
);
