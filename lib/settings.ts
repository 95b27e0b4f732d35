// Switches of the namespace that PyTorch has for its libraries: determinism, and the precision of float32 products.
import { setCudaOption } from './cuda/native.ts';
import { readArguments } from './arguments.ts';
import { type DTypeName, setDefault, toDType } from './dtype.ts';
import { describe } from './errors.ts';

// every kernel here gives the same result each time: the switch is remembered and changes nothing
let deterministic = false;
let warnOnly = false;
let precision = 'highest';

/**
 * Asks for deterministic algorithms; all here are, and nothing changes. Throws TypeError for anything but a boolean.
 * @example
 * torch.useDeterministicAlgorithms(true)
 * const asked = torch.areDeterministicAlgorithmsEnabled()
 * torch.useDeterministicAlgorithms(false)
 * asked // true
 */
export function useDeterministicAlgorithms(mode: boolean, options?: { warnOnly?: boolean }): void {
  const where = 'useDeterministicAlgorithms';
  const o = readArguments<{ mode: boolean; warnOnly: boolean }>(
    where,
    options === undefined ? [mode] : [mode, options],
    ['mode'],
    ['warnOnly'],
  );
  if (typeof o.mode !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for mode but received ${describe(mode)}`);
  if (o.warnOnly !== undefined && typeof o.warnOnly !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for warnOnly but received ${describe(o.warnOnly)}`);
  deterministic = o.mode;
  warnOnly = o.warnOnly ?? false;
}
/**
 * Whether deterministic algorithms were asked for.
 * @example
 * torch.areDeterministicAlgorithmsEnabled() // false
 */
export const areDeterministicAlgorithmsEnabled = (): boolean => deterministic;
/**
 * Whether other algorithms would only be warned about.
 * @example
 * torch.isDeterministicAlgorithmsWarnOnlyEnabled() // false
 */
export const isDeterministicAlgorithmsWarnOnlyEnabled = (): boolean => warnOnly;
const MODES: readonly string[] = ['default', 'warn', 'error'];
/**
 * As {@link useDeterministicAlgorithms}: `default` or 0, `warn` or 1, `error` or 2. Throws RangeError for others.
 * @example
 * torch.setDeterministicDebugMode('warn')
 * const mode = torch.getDeterministicDebugMode()
 * torch.setDeterministicDebugMode('default')
 * mode // 1
 */
export function setDeterministicDebugMode(debugMode: 'default' | 'warn' | 'error' | 0 | 1 | 2): void {
  const mode = typeof debugMode === 'number' ? debugMode : MODES.indexOf(debugMode);
  if (mode !== 0 && mode !== 1 && mode !== 2) {
    throw new RangeError(
      `setDeterministicDebugMode: invalid value of debug_mode, expected one of \`default\`, \`warn\`, \`error\`, but got ${describe(debugMode)}`,
    );
  }
  deterministic = mode > 0;
  warnOnly = mode === 1;
}
/**
 * What {@link setDeterministicDebugMode} was last told, as a number.
 * @example
 * torch.getDeterministicDebugMode() // 0
 */
export const getDeterministicDebugMode = (): number => (deterministic ? (warnOnly ? 1 : 2) : 0);
/**
 * Says how precise products of float32 must be: `highest`, or `high` or `medium`, by which a GPU may multiply in
 * TensorFloat-32 (`torch.backends.cuda.matmul.allowTf32`); on the CPU they always are to the highest. Throws RangeError for
 * others.
 * @example
 * torch.setFloat32MatmulPrecision('high')
 * const precision = torch.getFloat32MatmulPrecision()
 * torch.setFloat32MatmulPrecision('highest')
 * precision // high
 */
export function setFloat32MatmulPrecision(value: 'highest' | 'high' | 'medium'): void {
  if (value !== 'highest' && value !== 'high' && value !== 'medium') {
    throw new RangeError(`setFloat32MatmulPrecision: ${describe(value)} is not one of 'highest', 'high', or 'medium'`);
  }
  precision = value;
  setCudaOption('allowTf32', value === 'highest' ? 0 : 1);
}
/**
 * What {@link setFloat32MatmulPrecision} was last told.
 * @example
 * torch.getFloat32MatmulPrecision() // highest
 */
export const getFloat32MatmulPrecision = (): string => precision;

let interop = 1;
/**
 * How many operators PyTorch would run beside each other. Here they run one after another, each on all threads: the number
 * is remembered and changes nothing. Throws RangeError for less than one.
 * @example
 * torch.setNumInteropThreads(1)
 * torch.getNumInteropThreads() // 1
 */
export function setNumInteropThreads(n: number): void {
  if (!Number.isInteger(n) || n < 1 || n > 1024)
    throw new RangeError(`setNumInteropThreads: expected a whole number from 1 to 1024 but received ${describe(n)}`);
  interop = n;
}
/**
 * What {@link setNumInteropThreads} was last told, 1 at first.
 * @example
 * torch.getNumInteropThreads() // 1
 */
export const getNumInteropThreads = (): number => interop;

/**
 * Asks the processor to take numbers too small for full precision as zero. It is never done here, so that results do not
 * depend on it: gives false, as PyTorch does where it cannot. Throws TypeError for anything but a boolean.
 * @example
 * torch.setFlushDenormal(true) // false
 */
export function setFlushDenormal(mode: boolean): boolean {
  if (typeof mode !== 'boolean')
    throw new TypeError(`setFlushDenormal: expected a boolean but received ${describe(mode)}`);
  return false;
}

const TENSOR_TYPES: Readonly<Record<string, DTypeName>> = {
  FloatTensor: 'float32',
  DoubleTensor: 'float64',
  HalfTensor: 'float16',
  BFloat16Tensor: 'bfloat16',
};
/**
 * Sets the default dtype by one of PyTorch's tensor types: `torch.DoubleTensor` or its name. Throws TypeError for what is
 * none of floating point.
 * @example
 * torch.setDefaultTensorType('torch.DoubleTensor')
 * const dtype = torch.tensor(1.5).dtype
 * torch.setDefaultTensorType(torch.FloatTensor)
 * dtype // float64
 */
export function setDefaultTensorType(type: string | { readonly name: string }): void {
  const name = typeof type === 'string' ? type.replace(/^torch\./, '') : typeof type === 'function' ? type.name : '';
  const dtype = Object.hasOwn(TENSOR_TYPES, name) ? TENSOR_TYPES[name] : undefined;
  if (dtype === undefined)
    throw new TypeError(
      `setDefaultTensorType: only floating-point types are supported as the default type, not ${describe(type)}`,
    );
  setDefault(toDType(dtype, 'setDefaultTensorType'));
}
