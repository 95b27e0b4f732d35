// The cross entropy of a linear layer in pieces of the batch, so that the logits of all of it are never there at once:
// for vocabularies. Its options are nn.LinearCrossEntropyOptions. Called by ops/class-loss.ts.
import { grad } from '../../autograd/engine.ts';
import { enableGrad, mode, noGrad } from '../../autograd/mode.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { record } from '../../history.ts';
import { type DTypeName, FLOATING, toDType } from '../../dtype.ts';
import { AutogradError, describe } from '../../errors.ts';
import type { Tensor } from '../../tensor.ts';
import { cat } from '../join.ts';
import { linear } from '../matmul.ts';

/** Options of {@link LinearCrossEntropyOptions}. */
export interface ChunkOptions {
  allowRetainGraph?: boolean | undefined;
  batchChunkSize?: number | null | undefined;
  chunkingMethod?: string | null | undefined;
  accPolicy?: 'accurate' | 'balanced' | 'compact' | 'auto' | undefined;
  accDtype?: DTypeName | null | undefined;
}
const NAMES = ['allowRetainGraph', 'batchChunkSize', 'chunkingMethod', 'accPolicy', 'accDtype'] as const;
const POLICIES: readonly unknown[] = ['auto', 'accurate', 'balanced', 'compact'];
const python = (v: string | null): string => (v === null ? 'None' : `'${v}'`);

/**
 * How `linearCrossEntropy` takes a batch apart: in pieces of `batchChunkSize` rows, or as `chunkingMethod` has it
 * (`'auto'`, `'aspect_ratio'`, `'aspect_ratio:N'` or null). Sums are made in `accDtype`, float32 for halves;
 * `allowRetainGraph` and `accPolicy` are for scripts: the graph may always be kept. Throws RangeError for other values.
 * @example
 * const options = new torch.nn.LinearCrossEntropyOptions({ batchChunkSize: 2 })
 * const [x, weight] = [torch.ones(4, 2), torch.ones(3, 2)]
 * torch.nn.functional.linearCrossEntropy(x, weight, torch.tensor([0, 1, 2, 0]), { options }) // tensor(1.0986)
 */
export class LinearCrossEntropyOptions {
  readonly allowRetainGraph: boolean;
  readonly batchChunkSize: number | null;
  readonly chunkingMethod: string | null;
  readonly accPolicy: string;
  readonly accDtype: DTypeName | null;
  constructor(
    ...args: Call<
      [
        allowRetainGraph?: boolean,
        batchChunkSize?: number | null,
        chunkingMethod?: string | null,
        accPolicy?: ChunkOptions['accPolicy'],
        accDtype?: DTypeName | null,
      ],
      ChunkOptions
    >
  ) {
    const where = 'LinearCrossEntropyOptions';
    const o = readArguments<ChunkOptions>(where, args, NAMES);
    const { allowRetainGraph = false, batchChunkSize = null, chunkingMethod = 'auto', accPolicy = 'auto' } = o;
    const accDtype = o.accDtype ?? null;
    if (!POLICIES.includes(accPolicy)) throw new RangeError(`${where}: invalid acc_policy: ${describe(accPolicy)}`);
    if (chunkingMethod !== null && chunkingMethod !== 'auto') {
      if (typeof chunkingMethod !== 'string' || !/^aspect_ratio(:0*[1-9]\d*)?$/.test(chunkingMethod))
        throw new RangeError(`${where}: invalid chunking_method: ${describe(chunkingMethod)}`);
    }
    if (batchChunkSize !== null && !(Number.isInteger(batchChunkSize) && batchChunkSize > 0)) {
      throw new RangeError(`${where}: batch_chunk_size must be positive int or None, got ${describe(batchChunkSize)}`);
    }
    if (accDtype !== null && toDType(accDtype, where).kind !== FLOATING)
      throw new RangeError(`${where}: acc_dtype must be null or a floating-point dtype, got ${accDtype}`);
    this.allowRetainGraph = allowRetainGraph;
    this.batchChunkSize = batchChunkSize;
    this.chunkingMethod = chunkingMethod;
    this.accPolicy = accPolicy;
    this.accDtype = accDtype;
  }
  /** How many rows a piece has. Throws RangeError where the two options say different things. */
  chunkSize(batch: number, inFeatures: number, classes: number, half: boolean): number {
    const given = this.batchChunkSize === null ? null : Math.min(this.batchChunkSize, batch);
    let method = this.chunkingMethod;
    if (method === 'auto') method = given !== null ? null : half ? 'aspect_ratio' : 'aspect_ratio:2';
    if (method === null) return Math.max(1, given ?? batch);
    const factor = Number(method.split(':')[1] ?? 1);
    const wanted = Math.ceil(batch / Math.ceil(classes / Math.max(1, inFeatures)));
    const size = Math.min(Math.floor(2 ** Math.ceil(Math.log2(Math.max(1, wanted))) / factor), batch);
    if (this.batchChunkSize !== null && this.batchChunkSize !== size) {
      throw new RangeError(
        `linearCrossEntropy: batch_chunk_size (=${this.batchChunkSize}) and chunking_method ('${method}') give different ` +
          `chunk sizes (${this.batchChunkSize} vs ${size}); pass only one.`,
      );
    }
    return Math.max(1, size);
  }
  /** PyTorch's text. */
  toString(): string {
    const dtype = this.accDtype === null ? 'None' : `torch.${this.accDtype}`;
    return (
      `LinearCrossEntropyOptions(allow_retain_graph=${this.allowRetainGraph ? 'True' : 'False'}, ` +
      `batch_chunk_size=${this.batchChunkSize ?? 'None'}, chunking_method=${python(this.chunkingMethod)}, ` +
      `acc_policy='${this.accPolicy}', acc_dtype=${dtype})`
    );
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** The loss of one piece from its logits: a sum, or one for each row. */
export type PieceLoss = (logits: Tensor, target: Tensor, reduction: 'sum' | 'none') => Tensor;
interface Parts {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly target: Tensor;
}

/**
 * The loss of x [N, in] and target [N], reduced; `divisor` is what a mean divides by. Gradients are computed with the loss,
 * piece by piece, where one number comes out, and in backward where there is one for each row.
 */
export function chunkedLoss(
  parts: Parts,
  options: LinearCrossEntropyOptions,
  pieceLoss: PieceLoss,
  reduction: 'mean' | 'sum' | 'none',
  divisor: () => Tensor,
): Tensor {
  const { x, weight, bias, target } = parts;
  const [batch, features] = x.sizes as readonly [number, number];
  const half = x.dt.size < 4;
  const size = options.chunkSize(batch, features, weight.sizes[0]!, half);
  const dtype = options.accDtype ?? (half ? 'float32' : x.dtype);
  const of = (t: Tensor): Tensor => (t.dtype === dtype ? t.detach() : t.detach().to(dtype));
  const inputs = [x, weight, bias];

  /** Walks the pieces; gives their losses and, if asked to, the gradients of x, weight and bias. */
  const walk = (wantsGrad: boolean, given: Tensor | null): { losses: Tensor[]; grads: (Tensor | null)[] } => {
    const [w, b] = [of(weight), bias && of(bias)];
    const losses: Tensor[] = [];
    const gx: Tensor[] = [];
    let gw: Tensor | null = null;
    let gb: Tensor | null = null;
    for (let at = 0; at < batch; at += size) {
      const n = Math.min(size, batch - at);
      const rows = of(x.narrow(0, at, n));
      const logits = noGrad(() => linear(rows, w, b)).detach();
      if (wantsGrad) logits.requiresGrad = true;
      const classes = target.narrow(0, at, n);
      const loss = enableGrad(() => pieceLoss(logits, classes, reduction === 'none' ? 'none' : 'sum'));
      losses.push(loss.detach());
      if (!wantsGrad) continue;
      const [g] = grad('linearCrossEntropy', [loss], [logits], [given?.narrow(0, at, n).to(dtype)]);
      noGrad(() => {
        gx.push(g!.matmul(w));
        const part = g!.t().matmul(rows);
        gw = gw === null ? part : gw.add_(part);
        if (b !== null) gb = gb === null ? g!.sum(0) : gb.add_(g!.sum(0));
      });
    }
    return { losses, grads: wantsGrad ? [cat(gx), gw, gb] : [] };
  };
  const once = (): void => {
    if (mode.grad) throw new AutogradError('linearCrossEntropy: with options there are no second derivatives');
  };

  if (reduction === 'none') {
    const loss = cat(walk(false, null).losses).to(x.dtype);
    return record('linearCrossEntropyBatchChunkedNoReduction', loss, inputs, inputs, (g) => {
      once();
      return walk(true, g).grads;
    });
  }
  const wantsGrad = mode.grad && inputs.some((t) => t?.requiresGrad);
  const { losses, grads } = walk(wantsGrad, null);
  const total = losses.reduce((a, b) => a.add(b));
  const scale = reduction === 'mean' ? divisor().to(dtype) : null;
  const loss = (scale === null ? total : total.div(scale)).to(x.dtype);
  return record('linearCrossEntropyBatchChunked', loss.detach(), inputs, grads, (g, n) => {
    once();
    const factor = scale === null ? g.to(dtype) : g.to(dtype).div(scale);
    return grads.map((own, i) => (own === null ? null : n.unpack(i).mul(factor)));
  });
}
