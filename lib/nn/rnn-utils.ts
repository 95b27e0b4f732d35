// torch.nn.utils.rnn.
export {
  invertPermutation,
  PackedSequence,
  packPaddedSequence,
  type PackPaddedOptions,
  packSequence,
  type PackSequenceOptions,
  padPackedSequence,
  type PadPackedOptions,
  padSequence,
  type PadSequenceOptions,
  unpackSequence,
  unpadSequence,
  type UnpadSequenceOptions,
} from './packed-sequence.ts';
