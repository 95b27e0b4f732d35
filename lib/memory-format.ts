// The orders in memory that tensors can be given, by PyTorch's names. Used by ops/convert.ts, tensor.ts and nn/.

/** How the dims of a copy lie in memory. */
export type MemoryFormat = 'contiguous' | 'preserve' | 'channelsLast' | 'channelsLast3d';
/** How many dims the tensors of a format have; null where it is for any. */
export const rankOf = (format: MemoryFormat): number | null =>
  format === 'channelsLast' ? 4 : format === 'channelsLast3d' ? 5 : null;
/** The dims as they lie with the channels last, the outermost first. */
export const channelsLastOrder = (rank: number): number[] => [
  0,
  ...Array.from({ length: rank - 2 }, (_, i) => i + 2),
  1,
];

/**
 * The dims in their order, as new tensors lie: the option `memoryFormat` of `x.contiguous` and kin.
 * @example
 * torch.contiguousFormat // contiguous
 */
export const contiguousFormat = 'contiguous' satisfies MemoryFormat;
/**
 * The order that the original has, where that is without gaps.
 * @example
 * torch.preserveFormat // preserve
 */
export const preserveFormat = 'preserve' satisfies MemoryFormat;
/**
 * The channels of images [N, C, H, W] side by side.
 * @example
 * torch.ones(1, 2, 3, 4).contiguous({ memoryFormat: torch.channelsLast }).stride() // [ 24, 1, 8, 2 ]
 */
export const channelsLast = 'channelsLast' satisfies MemoryFormat;
/**
 * The channels of volumes [N, C, D, H, W] side by side.
 * @example
 * torch.ones(1, 2, 1, 1, 3).contiguous({ memoryFormat: torch.channelsLast3d }).stride() // [ 6, 1, 6, 6, 2 ]
 */
export const channelsLast3d = 'channelsLast3d' satisfies MemoryFormat;
