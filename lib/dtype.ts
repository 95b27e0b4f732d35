// Element types: names, codes shared with native/dtype.h, type promotion and the default dtype.
import { describe, DtypeError } from './errors.ts';

/** The name of an element type, as every `dtype` option takes it. */
export type DTypeName =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int64'
  | 'int32'
  | 'int16'
  | 'int8'
  | 'uint8'
  | 'bool';

/** Ordered: promotion between kinds goes to the higher one. */
export type Kind = 0 | 1 | 2;
export const BOOL = 0 as const;
export const INTEGER = 1 as const;
export const FLOATING = 2 as const;

/** What is known of an element type; one object per dtype, compared by identity. */
export interface DType {
  readonly name: DTypeName;
  /** Position in native/dtype.h's enum. */
  readonly code: number;
  /** Bytes per element. */
  readonly size: number;
  readonly kind: Kind;
  /** Makes postMessage(tensor) throw, whose message holds this: the tensor would arrive as an object without methods. */
  readonly posted: symbol;
}

const posted = Symbol('a tensor: post torch.multiprocessing.pack(it), and unpack() that where it arrives');
const make = (name: DTypeName, code: number, size: number, kind: Kind): DType => ({ name, code, size, kind, posted });
export const float32: DType = make('float32', 0, 4, FLOATING);
export const float64: DType = make('float64', 1, 8, FLOATING);
export const float16: DType = make('float16', 2, 2, FLOATING);
export const bfloat16: DType = make('bfloat16', 3, 2, FLOATING);
export const int64: DType = make('int64', 4, 8, INTEGER);
export const int32: DType = make('int32', 5, 4, INTEGER);
export const int16: DType = make('int16', 6, 2, INTEGER);
export const int8: DType = make('int8', 7, 1, INTEGER);
export const uint8: DType = make('uint8', 8, 1, INTEGER);
export const bool: DType = make('bool', 9, 1, BOOL);

/** In the order of their codes. */
export const dtypes: readonly DType[] = [float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool];
const byName: ReadonlyMap<string, DType> = new Map<string, DType>([
  ...dtypes.map((d): [string, DType] => [d.name, d]),
  ['float', float32],
  ['double', float64],
  ['half', float16],
  ['long', int64],
  ['int', int32],
  ['short', int16],
]);

/** The dtype of that name; PyTorch's aliases (`'float'`, `'long'`, …) and `'torch.float32'` are understood too. */
export function toDType(name: unknown, where: string): DType {
  const found = typeof name === 'string' ? byName.get(name.startsWith('torch.') ? name.slice(6) : name) : undefined;
  if (!found) throw new TypeError(`${where}: expected a dtype such as 'float32' but received ${describe(name)}`);
  return found;
}

let defaultDType: DType = float32;
/** What floating-point tensors are made of when no dtype is given. */
export const getDefault = (): DType => defaultDType;
export function setDefault(dtype: DType): void {
  if (dtype.kind !== FLOATING)
    throw new TypeError(`setDefaultDtype: only floating-point types are supported, not ${dtype.name}`);
  defaultDType = dtype;
}

// Rank of the integer dtypes by width; uint8 joins with a signed type in the next wider signed one.
const integerOrder: readonly DType[] = [uint8, int8, int16, int32, int64];

/** The dtype that holds both, as `torch.promote_types`. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  if (a.kind !== b.kind) return a.kind > b.kind ? a : b;
  if (a.kind === FLOATING) {
    if (a === float64 || b === float64) return float64;
    return float32; // float32 with a half, or float16 with bfloat16
  }
  const i = integerOrder.indexOf(a);
  const j = integerOrder.indexOf(b);
  if (i + j === 1) return int16; // uint8 with int8
  return i > j ? a : b;
}

/** The dtype of a JavaScript scalar before it meets a tensor: a fraction is floating, everything else an integer. */
export function scalarKind(value: number | bigint | boolean): Kind {
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'bigint') return INTEGER;
  // what int64 cannot hold was meant as a float
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? INTEGER : FLOATING;
}

const LARGEST: Readonly<Record<string, number>> = {
  float16: 65504,
  bfloat16: 3.3895313892515355e38,
  float32: 3.4028234663852886e38,
};
/**
 * A scalar that is to be stored as `dt`, where PyTorch checks that it fits (its `checked_convert`): negative numbers wrap
 * around in uint8, everything else beyond the range is refused. `halves` says whether that goes for float16 and bfloat16.
 */
export function fitting<S extends number | bigint | boolean>(
  where: string,
  value: S,
  dt: DType,
  halves = true,
): S | number {
  if (typeof value === 'boolean' || dt === bool) return value;
  const n = Number(value);
  const overflow = (): RangeError =>
    new RangeError(`${where}: value ${value} cannot be converted to type ${dt.name} without overflow`);
  if (dt.kind === FLOATING) {
    if (Number.isFinite(n) && Math.abs(n) > (dt.size > 2 || halves ? (LARGEST[dt.name] ?? Infinity) : Infinity))
      throw overflow();
    return value;
  }
  if (dt === int64) {
    const whole = typeof value === 'bigint' ? value : Number.isFinite(n) ? BigInt(Math.trunc(n)) : 2n ** 63n;
    if (BigInt.asIntN(64, whole) !== whole) throw overflow();
    return value;
  }
  const whole = Math.trunc(n);
  const [low, high] = dt === uint8 ? [-255, 255] : [-(2 ** (8 * dt.size - 1)), 2 ** (8 * dt.size - 1) - 1];
  if (!(whole >= low && whole <= high)) throw overflow();
  return dt === uint8 && whole < 0 ? whole + 256 : value;
}

/** The default dtype of a kind. */
export const ofKind = (kind: Kind): DType => (kind === FLOATING ? defaultDType : kind === INTEGER ? int64 : bool);

/** `dtype`, or the default floating dtype where it is an integer or bool: what `exp` or `div` give. */
export const toFloating = (dtype: DType): DType => (dtype.kind === FLOATING ? dtype : defaultDType);

/** Refuses what is not floating point, with the remedy for `torch.tensor([1, 2])`. */
export function requireFloating(where: string, dtype: DType): void {
  if (dtype.kind !== FLOATING) {
    throw new DtypeError(`${where}: expected a floating-point tensor but received ${dtype.name}; ${REMEDY}`);
  }
}
export const REMEDY = "pass { dtype: 'float32' } when the numbers are meant as floats";
