// What dtypes can hold: torch.finfo and torch.iinfo.
import { type DTypeName, FLOATING, getDefault, INTEGER, toDType } from './dtype.ts';

/** The limits of a floating-point dtype. */
export interface FloatInfo {
  readonly dtype: DTypeName;
  readonly bits: number;
  /** From 1 to the next larger number. */
  readonly eps: number;
  readonly max: number;
  readonly min: number;
  /** The smallest positive number of full precision. */
  readonly tiny: number;
  readonly smallestNormal: number;
  /** 10 to the power of the decimal digits that survive. */
  readonly resolution: number;
}
/** The limits of a dtype of whole numbers. */
export interface IntegerInfo {
  readonly dtype: DTypeName;
  readonly bits: number;
  /** A bigint for int64. */
  readonly max: number | bigint;
  readonly min: number | bigint;
}

/** Bits of the fraction, greatest exponent, decimal digits. */
const LAYOUT: Readonly<Record<string, readonly [fraction: number, exponent: number, digits: number]>> = {
  float64: [52, 1023, 15],
  float32: [23, 127, 6],
  float16: [10, 15, 3],
  bfloat16: [7, 127, 2],
};

/**
 * The limits of a floating-point dtype, by default of the default one. Throws TypeError for other dtypes.
 * @example
 * torch.finfo('float16').max // 65504
 */
export function finfo(dtype?: DTypeName): FloatInfo {
  const dt = dtype === undefined ? getDefault() : toDType(dtype, 'finfo');
  if (dt.kind !== FLOATING)
    throw new TypeError(`finfo: requires a floating point dtype, not ${dt.name}; use torch.iinfo`);
  const [fraction, exponent, digits] = LAYOUT[dt.name]!;
  const eps = 2 ** -fraction;
  const max = (2 - eps) * 2 ** exponent;
  const tiny = 2 ** (1 - exponent);
  return Object.freeze({
    dtype: dt.name,
    bits: 8 * dt.size,
    eps,
    max,
    min: -max,
    tiny,
    smallestNormal: tiny,
    resolution: Number(`1e-${digits}`),
  });
}
/**
 * The limits of a dtype of whole numbers; those of int64 are bigints. Throws TypeError for other dtypes.
 * @example
 * torch.iinfo('int32').max // 2147483647
 */
export function iinfo(dtype: DTypeName): IntegerInfo {
  const dt = toDType(dtype, 'iinfo');
  if (dt.kind !== INTEGER)
    throw new TypeError(`iinfo: requires a dtype of whole numbers, not ${dt.name}; use torch.finfo`);
  const bits = 8 * dt.size;
  const signed = dt.name !== 'uint8';
  const half = 2n ** BigInt(bits - 1);
  const [min, max] = signed ? [-half, half - 1n] : [0n, 2n * half - 1n];
  const shown = (n: bigint): number | bigint => (bits > 53 ? n : Number(n));
  return Object.freeze({ dtype: dt.name, bits, max: shown(max), min: shown(min) });
}
