// torch.backends: what this build can use, and the switches of the libraries behind PyTorch. Those of a GPU's go to the
// CUDA backend; those of libraries that are not here are remembered, so that scripts can set them, and change nothing.
import { cudaBuilt, cudaStatus, setCudaOption } from './cuda/native.ts';
import { runStruct } from './dispatch.ts';
import { describe } from './errors.ts';
import { kernel, native } from './native.ts';
import { getFloat32MatmulPrecision, setFloat32MatmulPrecision } from './settings.ts';

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

/** Sends a switch to the CUDA backend under a name of its own. */
const toCuda =
  (names: Readonly<Record<string, string>>) =>
  (name: string, value: unknown): void => {
    if (names[name] !== undefined) setCudaOption(names[name], Number(value));
  };
/** The version of a library of NVIDIA's, or null where it is not used. */
const versionOf = (library: string): string | null =>
  cudaStatus()
    .addon?.libraries()
    .find(({ name, reason }) => name === library && reason === '')?.version ?? null;

/**
 * Settings of cuDNN, which computes the convolutions of a GPU where its library is found: `torch.cuda.libraries()` tells.
 * Elsewhere they are remembered and change nothing.
 * @example
 * torch.backends.cudnn.benchmark = true
 * [torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic, torch.backends.cudnn.isAvailable()] // [ true, false, false ]
 */
export const cudnn: {
  /** Whether cuDNN is used, where it is found. */
  enabled: boolean;
  /** Whether algorithms are timed for each new shape, and the fastest is taken, instead of the one that is guessed. */
  benchmark: boolean;
  benchmarkLimit: number;
  /** Whether only deterministic algorithms are taken. */
  deterministic: boolean;
  /** Whether float32 may be rounded to TensorFloat-32 (10 bits of mantissa) in convolutions: true at first, as in PyTorch. */
  allowTf32: boolean;
  isAvailable(): boolean;
  /** Its version, or null without it. */
  version(): number | null;
} = Object.assign(
  switches(
    'cudnn',
    { enabled: true, benchmark: false, benchmarkLimit: 10, deterministic: false, allowTf32: true },
    toCuda({
      enabled: 'cudnnEnabled',
      benchmark: 'cudnnBenchmark',
      deterministic: 'cudnnDeterministic',
      allowTf32: 'cudnnAllowTf32',
    }),
  ),
  {
    isAvailable: () => versionOf('cuDNN') !== null,
    version: () => {
      const [major = 0, minor = 0, patch = 0] = versionOf('cuDNN')?.split('.').map(Number) ?? [];
      return major > 0 ? major * 10000 + minor * 100 + patch : null;
    },
  },
);

const matmul = switches(
  'matmul',
  { allowFp16ReducedPrecisionReduction: true, allowBf16ReducedPrecisionReduction: true },
  toCuda({
    allowFp16ReducedPrecisionReduction: 'allowFp16ReducedPrecision',
    allowBf16ReducedPrecisionReduction: 'allowBf16ReducedPrecision',
  }),
);
// one setting under two names, as in PyTorch
const allowTf32: PropertyDescriptor & { get(): boolean } = {
  enumerable: true,
  get: () => getFloat32MatmulPrecision() !== 'highest',
  set: (value: unknown) => {
    if (typeof value !== 'boolean')
      throw new TypeError(`matmul: expected a boolean for allowTf32 but received ${describe(value)}`);
    setFloat32MatmulPrecision(value ? 'high' : 'highest');
  },
};
Object.defineProperty(matmul, 'allowTf32', allowTf32);
const sdp = { flash: true, math: true, memEfficient: true, cudnn: true };
const enable =
  (kind: keyof typeof sdp, name: string) =>
  (enabled: boolean): void => {
    if (typeof enabled !== 'boolean')
      throw new TypeError(`${name}: expected a boolean but received ${describe(enabled)}`);
    sdp[kind] = enabled;
  };
/**
 * Settings of the CUDA backend. Without a GPU they are remembered and change nothing.
 * @example
 * torch.backends.cuda.matmul.allowTf32 = true
 * const allowed = torch.backends.cuda.matmul.allowTf32
 * torch.backends.cuda.matmul.allowTf32 = false
 * [torch.cuda.isAvailable() && !torch.backends.cuda.isBuilt(), allowed] // [ false, true ]
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
  matmul: matmul as typeof matmul & { allowTf32: boolean },
  isBuilt: cudaBuilt,
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
