// Linear layers and the identity.
import { type Named, readArguments } from '../arguments.ts';
import { bilinear } from '../ops/bilinear.ts';
import { linear } from '../ops/matmul.ts';
import type { Tensor } from '../tensor.ts';
import { kaimingUniform_, uniform_ } from './init.ts';
import { bool, FACTORY, fans, type FactoryOptions, factoryOf, whole } from './internal.ts';
import { Module } from './module.ts';
import { emptyParameter, type Parameter } from './parameter.ts';

/**
 * Gives its input back, of any shape.
 * @example
 * new torch.nn.Identity().forward(torch.tensor([1.5])) // tensor([1.5000])
 */
export class Identity extends Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Options of {@link Linear} and {@link Bilinear}. */
export interface LinearOptions extends FactoryOptions {
  bias?: boolean | undefined;
}

const FEATURES = ['inFeatures', 'outFeatures'] as const;
const TWO_FEATURES = ['in1Features', 'in2Features', 'outFeatures'] as const;

/** A bias drawn as PyTorch draws it: uniform within one over the square root of the weight's fan in. */
export function resetBias(bias: Parameter | null, weight: Tensor): void {
  if (bias === null) return;
  const { fanIn } = fans('resetParameters', weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  uniform_(bias, -bound, bound);
}

/**
 * `x weightᵀ + bias` on the last dim: x [*, inFeatures] gives [*, outFeatures]. Throws ShapeError for other sizes.
 * @example
 * new torch.nn.Linear(2, 8) // Linear(in_features=2, out_features=8, bias=True)
 */
export class Linear extends Module {
  inFeatures: number;
  outFeatures: number;
  /** [outFeatures, inFeatures] */
  weight: Parameter;
  /** [outFeatures] */
  bias: Parameter | null;
  constructor(
    ...args: Named<[inFeatures: number, outFeatures: number], typeof FEATURES, [bias?: boolean], LinearOptions>
  ) {
    super();
    const where = new.target.name;
    const options = readArguments<LinearOptions & { inFeatures: number; outFeatures: number }>(where, args, [
      ...FEATURES,
      'bias',
      ...FACTORY,
    ]);
    const { bias: wanted = true, ...factory } = options;
    const inFeatures = whole(where, 'inFeatures', options.inFeatures);
    const outFeatures = whole(where, 'outFeatures', options.outFeatures);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    const [dt, device] = factoryOf(where, factory);
    this.weight = emptyParameter([outFeatures, inFeatures], dt, device);
    this.bias = wanted ? emptyParameter([outFeatures], dt, device) : null;
    this.resetParameters();
  }
  /** Draws weight and bias anew. */
  resetParameters(): void {
    kaimingUniform_(this.weight, Math.sqrt(5));
    resetBias(this.bias, this.weight);
  }
  override forward(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }
  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${bool(this.bias !== null)}`;
  }
}

/**
 * `x1 A x2 + bias`: [*, in1Features] and [*, in2Features] give [*, outFeatures]. Throws ShapeError for other sizes.
 * @example
 * new torch.nn.Bilinear(2, 3, 4) // Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)
 */
export class Bilinear extends Module<[x1: Tensor, x2: Tensor]> {
  readonly in1Features: number;
  readonly in2Features: number;
  readonly outFeatures: number;
  /** [outFeatures, in1Features, in2Features] */
  weight: Parameter;
  bias: Parameter | null;
  constructor(
    ...args: Named<
      [in1Features: number, in2Features: number, outFeatures: number],
      typeof TWO_FEATURES,
      [bias?: boolean],
      LinearOptions
    >
  ) {
    super();
    const options = readArguments<LinearOptions & Record<(typeof TWO_FEATURES)[number], number>>('Bilinear', args, [
      ...TWO_FEATURES,
      'bias',
      ...FACTORY,
    ]);
    const { bias: wanted = true, ...factory } = options;
    const in1Features = whole('Bilinear', 'in1Features', options.in1Features, 1);
    const in2Features = whole('Bilinear', 'in2Features', options.in2Features);
    const outFeatures = whole('Bilinear', 'outFeatures', options.outFeatures);
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    const [dt, device] = factoryOf('Bilinear', factory);
    this.weight = emptyParameter([outFeatures, in1Features, in2Features], dt, device);
    this.bias = wanted ? emptyParameter([outFeatures], dt, device) : null;
    this.resetParameters();
  }
  /** Draws weight and bias anew. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.in1Features);
    uniform_(this.weight, -bound, bound);
    if (this.bias !== null) uniform_(this.bias, -bound, bound);
  }
  override forward(x1: Tensor, x2: Tensor): Tensor {
    return bilinear(x1, x2, this.weight, this.bias);
  }
  override extraRepr(): string {
    return `in1_features=${this.in1Features}, in2_features=${this.in2Features}, out_features=${this.outFeatures}, bias=${bool(this.bias !== null)}`;
  }
}
