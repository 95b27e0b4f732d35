// A GPT as the simulator sees it: units of parameters with their bytes and their share of the arithmetic. Used by step.ts.

export interface Gpt {
  readonly name: string;
  readonly layers: number;
  readonly width: number;
  readonly context: number;
  readonly vocabulary: number;
}
export const GPTS: readonly Gpt[] = [
  { name: 'GPT-2 124M', layers: 12, width: 768, context: 1024, vocabulary: 50257 },
  { name: 'GPT 1.3B', layers: 24, width: 2048, context: 2048, vocabulary: 50257 },
];

/** What a step works through, one after the other: an embedding, or a layer. */
export interface Unit {
  /** The elements of each parameter. */
  readonly parameters: readonly number[];
  /** Multiplications and additions of the forward pass for one token; backward takes twice as many. */
  readonly flops: number;
}
/**
 * The units in the order of the forward pass. The output layer shares the token embedding's weights, whose gradient is whole
 * only when backward reaches the embedding, the last of all.
 */
export function unitsOf({ layers, width, context, vocabulary }: Gpt): Unit[] {
  const square = width ** 2;
  const layer = {
    // norm, attention in and out, norm, both layers of the perceptron: weights and biases
    parameters: [
      width,
      width,
      3 * square,
      3 * width,
      square,
      width,
      width,
      width,
      4 * square,
      4 * width,
      4 * square,
      width,
    ],
    flops: 24 * square + 4 * context * width,
  };
  return [
    { parameters: [vocabulary * width, context * width], flops: 0 },
    ...Array.from({ length: layers }, () => layer),
    { parameters: [width, width], flops: 2 * vocabulary * width },
  ];
}
export const parametersOf = (units: readonly Unit[]): number =>
  units.flatMap((unit) => unit.parameters).reduce((sum, count) => sum + count, 0);
