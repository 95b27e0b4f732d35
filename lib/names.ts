// torch.float32 and its kin: dtypes are strings, these are they.

/** A dtype of the namespace; its value is the string that every `dtype` option takes. */
export const float32 = 'float32' as const;
export const float64 = 'float64' as const;
export const float16 = 'float16' as const;
export const bfloat16 = 'bfloat16' as const;
export const int64 = 'int64' as const;
export const int32 = 'int32' as const;
export const int16 = 'int16' as const;
export const int8 = 'int8' as const;
export const uint8 = 'uint8' as const;
export const bool = 'bool' as const;

// PyTorch's other names of the same
export const float = 'float32' as const;
export const double = 'float64' as const;
export const half = 'float16' as const;
export const long = 'int64' as const;
export const int = 'int32' as const;
export const short = 'int16' as const;
