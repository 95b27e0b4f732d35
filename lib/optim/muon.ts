// Muon: momentum whose matrix is made orthogonal.
import { noGrad } from '../autograd/mode.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe, ShapeError } from '../errors.ts';
import { show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { atLeastZero, number, numbers } from './checks.ts';
import { Optimizer, type ParamGroup, type Params, type Slot, type Taken } from './optimizer.ts';

/** Options of {@link Muon}. */
export interface MuonOptions {
  lr: number;
  /** Decays weights apart from the gradient. */
  weightDecay: number;
  momentum: number;
  nesterov: boolean;
  /** The polynomial of the Newton-Schulz iteration. */
  nsCoefficients: readonly [number, number, number];
  /** What a matrix is divided by at least. */
  eps: number;
  /** How many iterations are made. */
  nsSteps: number;
  /** How the learning rate follows from a matrix's shape; `original` if null. */
  adjustLrFn: 'original' | 'match_rms_adamw' | 'matchRmsAdamw' | null;
}

/** `beta x + alpha (a b)` of bfloat16 matrices, rounded only once, as PyTorch's kernel does. */
function blended(x: Tensor, a: Tensor, b: Tensor, beta: number, alpha: number): Tensor {
  return x.to('float32').addmm(a.to('float32'), b.to('float32'), { beta, alpha }).to('bfloat16');
}
/** The nearest orthogonal matrix, roughly, by Newton-Schulz iterations in bfloat16. */
function orthogonal(x: Tensor, { nsCoefficients, nsSteps, eps }: MuonOptions): Tensor {
  const [a, b, c] = nsCoefficients;
  const tall = x.sizes[0]! > x.sizes[1]!;
  let out = x.to('bfloat16');
  if (tall) out = out.t();
  out = out.div(out.norm().clamp({ min: eps }));
  for (let i = 0; i < nsSteps; i++) {
    const gram = out.matmul(out.t());
    out = blended(out, blended(gram, gram, gram, b, c), out, a, 1);
  }
  return tall ? out.t() : out;
}

/**
 * Muon (https://kellerjordan.github.io/posts/muon/): for the matrices of hidden layers; biases, embeddings and heads want
 * another optimizer. Throws RangeError for values out of range, ShapeError for parameters that are no matrices.
 * @example
 * const w = torch.ones([2, 2], { requiresGrad: true })
 * const optimizer = new torch.optim.Muon([w], { lr: 0.5, weightDecay: 0 })
 * w.sum().backward()
 * optimizer.step()
 * w.mean().item() < 0.9 // true
 */
export class Muon extends Optimizer<MuonOptions> {
  constructor(
    params: Params<MuonOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        weightDecay?: number,
        momentum?: number,
        nesterov?: boolean,
        nsCoefficients?: readonly [number, number, number],
        eps?: number,
        nsSteps?: number,
        adjustLrFn?: MuonOptions['adjustLrFn'],
      ],
      Partial<Taken<MuonOptions>>
    >
  ) {
    const names = ['lr', 'weightDecay', 'momentum', 'nesterov', 'nsCoefficients', 'eps', 'nsSteps', 'adjustLrFn'];
    super(params, {
      lr: 1e-3,
      weightDecay: 0.1,
      momentum: 0.95,
      nesterov: true,
      nsCoefficients: [3.4445, -4.775, 2.0315],
      eps: 1e-7,
      nsSteps: 5,
      adjustLrFn: null,
      ...readArguments<Taken<MuonOptions>>('Muon', args, names),
    });
    for (const { params: own } of this.paramGroups) {
      for (const p of own) {
        if (p.sizes.length !== 2) {
          throw new ShapeError(
            `Muon: Muon only supports 2D parameters whereas we found a parameter with size: ${show(p.sizes)}`,
          );
        }
      }
    }
  }
  protected override check(where: string, o: MuonOptions): void {
    atLeastZero(where, 'Learning rate', o.lr);
    atLeastZero(where, 'momentum', o.momentum);
    atLeastZero(where, 'weight decay', o.weightDecay);
    numbers(where, 'nsCoefficients', o.nsCoefficients, 3);
    number(where, 'eps', o.eps);
    number(where, 'nsSteps', o.nsSteps);
    if (o.nsSteps >= 100)
      throw new RangeError(`${where}: Number of steps must be less than 100 for computational efficiency`);
    const known = [null, 'original', 'match_rms_adamw', 'matchRmsAdamw'];
    if (!known.includes(o.adjustLrFn))
      throw new RangeError(`${where}: Adjust learning rate function ${describe(o.adjustLrFn)} is not supported`);
    // the name that PyTorch's state dicts have
    if (o.adjustLrFn === 'matchRmsAdamw') o.adjustLrFn = 'match_rms_adamw';
  }
  protected override start(slot: Slot): void {
    this.zeros(slot, 'momentum_buffer');
  }
  protected override resume(slot: Slot): void {
    if (!slot.state!.momentum_buffer) this.zeros(slot, 'momentum_buffer');
  }
  protected override update(slots: readonly Slot[], o: ParamGroup<MuonOptions>): void {
    noGrad(() => {
      for (const { p, state, tuple } of slots) {
        const g = tuple[1]!;
        const buffer = state!.momentum_buffer as Tensor;
        buffer.lerp_(g, 1 - o.momentum);
        const update = orthogonal(o.nesterov ? g.lerp(buffer, o.momentum) : buffer, o);
        const [rows, columns] = p.sizes as readonly [number, number];
        const ratio =
          o.adjustLrFn === 'match_rms_adamw'
            ? 0.2 * Math.sqrt(Math.max(rows, columns))
            : Math.sqrt(Math.max(1, rows / columns));
        p.mul_(1 - o.lr * o.weightDecay);
        p.add_(update, { alpha: -o.lr * ratio });
      }
    });
  }
}
