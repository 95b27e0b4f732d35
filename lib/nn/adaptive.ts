// The adaptive softmax, for many classes of which a few are frequent.
import { type Call, readArguments } from '../arguments.ts';
import { checkTensor } from '../dispatch.ts';
import { checkNumber, describe, DtypeError, ShapeError } from '../errors.ts';
import { INTEGER } from '../dtype.ts';
import { cat } from '../ops/join.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { ModuleList, Sequential } from './containers.ts';
import { FACTORY, type FactoryOptions, whole } from './internal.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** Options of {@link AdaptiveLogSoftmaxWithLoss}. */
export interface AdaptiveLogSoftmaxOptions extends FactoryOptions {
  /** By how much smaller each further cluster's projection is. */
  divValue?: number | undefined;
  headBias?: boolean | undefined;
}
/** What {@link AdaptiveLogSoftmaxWithLoss} gives: the log-probabilities of the targets, and minus their mean. */
export interface AdaptiveLogSoftmaxOutput {
  output: Tensor;
  loss: Tensor;
}

/**
 * A softmax over `nClasses` in clusters that end at `cutoffs`, rarer classes with smaller projections
 * (https://arxiv.org/abs/1609.04309): x [N, inFeatures] and targets [N] give the targets' log-probabilities [N] and the
 * loss. Throws RangeError for cutoffs that do not ascend within the classes and for targets that are no class.
 * @example
 * const softmax = new torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])
 * softmax.logProb(torch.ones(3, 8)).shape // torch.Size([3, 20])
 */
export class AdaptiveLogSoftmaxWithLoss extends Module<[x: Tensor, target: Tensor], AdaptiveLogSoftmaxOutput> {
  readonly inFeatures: number;
  readonly nClasses: number;
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly headBias: boolean;
  readonly shortlistSize: number;
  readonly nClusters: number;
  readonly headSize: number;
  readonly head: Linear;
  readonly tail: ModuleList<Sequential>;
  constructor(
    inFeatures: number,
    nClasses: number,
    cutoffs: readonly number[],
    ...args: Call<[divValue?: number, headBias?: boolean], AdaptiveLogSoftmaxOptions>
  ) {
    super();
    const where = 'AdaptiveLogSoftmaxWithLoss';
    const names = ['divValue', 'headBias', ...FACTORY];
    const options = readArguments<AdaptiveLogSoftmaxOptions>(where, args, names);
    const { divValue = 4, headBias = false, ...factory } = options;
    this.inFeatures = whole(where, 'inFeatures', inFeatures);
    this.nClasses = whole(where, 'nClasses', nClasses);
    checkNumber(where, 'divValue', divValue);
    if (!Array.isArray(cutoffs))
      throw new TypeError(`${where}: expected a list for cutoffs but received ${describe(cutoffs)}`);
    const list: readonly unknown[] = cutoffs;
    if (list.length === 0) throw new RangeError(`${where}: cutoffs should be a sequence of length larger than 0`);
    const ascends = cutoffs.every(
      (c, i) => Number.isInteger(c) && c > (i === 0 ? 0 : cutoffs[i - 1]!) && c <= nClasses - 1,
    );
    if (!ascends) {
      throw new RangeError(
        `${where}: cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 and n_classes-1`,
      );
    }
    this.cutoffs = [...cutoffs, nClasses];
    this.divValue = divValue;
    this.headBias = headBias;
    this.shortlistSize = cutoffs[0]!;
    this.nClusters = cutoffs.length;
    this.headSize = this.shortlistSize + this.nClusters;
    this.head = new Linear(inFeatures, this.headSize, { bias: headBias, ...factory });
    this.tail = new ModuleList<Sequential>(
      cutoffs.map((low, i) => {
        const hidden = Math.floor(inFeatures / divValue ** (i + 1));
        return new Sequential(
          new Linear(inFeatures, hidden, { bias: false, ...factory }),
          new Linear(hidden, this.cutoffs[i + 1]! - low, { bias: false, ...factory }),
        );
      }),
    );
  }
  /** Draws all weights anew. */
  resetParameters(): void {
    this.head.resetParameters();
    for (const cluster of this.tail) for (const layer of cluster) if (layer instanceof Linear) layer.resetParameters();
  }
  override forward(x: Tensor, target: Tensor): AdaptiveLogSoftmaxOutput {
    const where = 'AdaptiveLogSoftmaxWithLoss';
    checkTensor(where, x);
    checkTensor(where, target, 'target');
    if (target.dt.kind !== INTEGER)
      throw new DtypeError(`${where}: expected whole numbers for target but received ${target.dtype}`);
    if (target.ndim > 1) throw new ShapeError(`${where}: 0D or 1D target tensor expected, multi-target not supported`);
    if (x.ndim !== target.ndim + 1) {
      throw new ShapeError(
        `${where}: ${target.ndim}D target tensor expects ${target.ndim + 1}D input tensors, but found inputs with size ${show(x.sizes)}`,
      );
    }
    if (target.ndim === 1 && x.sizes[0] !== target.sizes[0])
      throw new ShapeError(`${where}: Input and target should have the same size in the batch dimension.`);
    const rows = target.ndim === 1 ? x : x.unsqueeze(0);
    const labels = (target.ndim === 1 ? target : target.unsqueeze(0)).to('int64');
    if (labels.count > 0 && labels.lt(0).logicalOr(labels.ge(this.nClasses)).any().item()) {
      throw new RangeError(
        `${where}: Target values should be in [0, ${this.nClasses - 1}], but values in range [${labels.min().item()}, ${labels.max().item()}] were found.`,
      );
    }
    // which class of the head each target is: itself, or its cluster
    let inHead = labels;
    let output = rows.newZeros([labels.count]);
    for (let i = 0; i < this.nClusters; i++) {
      const [low, high] = [this.cutoffs[i]!, this.cutoffs[i + 1]!];
      const members = labels.ge(low).logicalAnd(labels.lt(high)).nonzero().squeeze(1);
      if (members.count === 0) continue;
      const within = labels.indexSelect(0, members).sub(low).unsqueeze(1);
      const logProb = this.tail.at(i).forward(rows.indexSelect(0, members)).logSoftmax(1).gather(1, within);
      inHead = inHead.indexFill(0, members, this.shortlistSize + i);
      output = output.indexCopy(0, members, logProb.squeeze(1));
    }
    const head = this.head.forward(rows).logSoftmax(1);
    output = output.add(head.gather(1, inHead.unsqueeze(1)).squeeze(1));
    return { output: target.ndim === 1 ? output : output.squeeze(0), loss: output.neg().mean() };
  }
  #full(x: Tensor, head: Tensor): Tensor {
    const logProb = head.logSoftmax(1);
    const parts = [logProb.narrow(1, 0, this.shortlistSize)];
    for (let i = 0; i < this.nClusters; i++) {
      const cluster = this.tail.at(i).forward(x).logSoftmax(1);
      parts.push(cluster.add(logProb.narrow(1, this.shortlistSize + i, 1)));
    }
    return cat(parts, 1);
  }
  /** The log-probabilities [N, nClasses] of all classes for x [N, inFeatures]. */
  logProb(x: Tensor): Tensor {
    checkTensor('logProb', x);
    return this.#full(x, this.head.forward(x));
  }
  /** The most probable class [N] of each row of x [N, inFeatures]. */
  predict(x: Tensor): Tensor {
    checkTensor('predict', x);
    const head = this.head.forward(x);
    const output = head.argmax(1);
    const rare = output.ge(this.shortlistSize).nonzero().squeeze(1);
    if (rare.count === 0) return output;
    const best = this.#full(x.indexSelect(0, rare), head.indexSelect(0, rare)).argmax(1);
    return output.indexCopy(0, rare, best);
  }
}
