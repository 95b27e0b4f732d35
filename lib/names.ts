// torch.float32 and its kin: dtypes are strings, these are they.

/**
 * 32-bit floating point; the default dtype of fractions.
 * @example
 * torch.tensor([1, 2], { dtype: torch.float32 }) // tensor([1., 2.])
 */
export const float32 = 'float32' as const;
/**
 * 64-bit floating point, the precision of JavaScript's numbers.
 * @example
 * torch.tensor([1.5], { dtype: torch.float64 }) // tensor([1.5000], dtype=torch.float64)
 */
export const float64 = 'float64' as const;
/**
 * 16-bit floating point: 11 bits of precision, up to 65504.
 * @example
 * torch.tensor([65504, 65536], { dtype: torch.float16 }) // tensor([65504.,    inf], dtype=torch.float16)
 */
export const float16 = 'float16' as const;
/**
 * 16-bit floating point with the range of float32 and 8 bits of precision.
 * @example
 * torch.tensor([257], { dtype: torch.bfloat16 }) // tensor([256.], dtype=torch.bfloat16)
 */
export const bfloat16 = 'bfloat16' as const;
/**
 * 64-bit integers; the default dtype of whole numbers and the dtype of indices.
 * @example
 * torch.tensor([1.5, 2], { dtype: torch.int64 }) // tensor([1, 2])
 */
export const int64 = 'int64' as const;
/**
 * 32-bit integers.
 * @example
 * torch.tensor([1.7], { dtype: torch.int32 }) // tensor([1], dtype=torch.int32)
 */
export const int32 = 'int32' as const;
/**
 * 16-bit integers.
 * @example
 * torch.tensor([32767], { dtype: torch.int16 }).add(1) // tensor([-32768], dtype=torch.int16)
 */
export const int16 = 'int16' as const;
/**
 * 8-bit integers, -128 to 127.
 * @example
 * torch.tensor([127], { dtype: torch.int8 }).add(1) // tensor([-128], dtype=torch.int8)
 */
export const int8 = 'int8' as const;
/**
 * 8-bit integers, 0 to 255.
 * @example
 * torch.tensor([255], { dtype: torch.uint8 }).add(1) // tensor([0], dtype=torch.uint8)
 */
export const uint8 = 'uint8' as const;
/**
 * Truth values, a byte each.
 * @example
 * torch.tensor([0, 2], { dtype: torch.bool }) // tensor([False,  True])
 */
export const bool = 'bool' as const;

// PyTorch's other names of the same
/**
 * PyTorch's other name of {@link float32}.
 * @example
 * torch.float // float32
 */
export const float = 'float32' as const;
/**
 * PyTorch's other name of {@link float64}.
 * @example
 * torch.double // float64
 */
export const double = 'float64' as const;
/**
 * PyTorch's other name of {@link float16}.
 * @example
 * torch.half // float16
 */
export const half = 'float16' as const;
/**
 * PyTorch's other name of {@link int64}.
 * @example
 * torch.long // int64
 */
export const long = 'int64' as const;
/**
 * PyTorch's other name of {@link int32}.
 * @example
 * torch.int // int32
 */
export const int = 'int32' as const;
/**
 * PyTorch's other name of {@link int16}.
 * @example
 * torch.short // int16
 */
export const short = 'int16' as const;
