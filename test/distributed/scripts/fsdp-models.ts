// The models of the tests of fully sharded data parallel and of checkpoints: a CNN with batch norm and a small GPT, and how they
// are trained on a process's share of a global batch. Started by mpirun through launch.ts.
import * as torch from '../../../lib/index.ts';

const { nn, distributed: dist } = torch;
const F = torch.F;

/** Options of the models. */
export interface Variant {
  /** Where activations are computed again in backward. */
  readonly again?: 'inside' | 'outside';
  /** Parameters of the first block that are not trained. */
  readonly frozen?: boolean;
  /** A block that no step uses. */
  readonly unused?: boolean;
}

export class Block extends nn.Module {
  readonly before = new nn.LayerNorm(24);
  readonly attention = new nn.Linear(24, 72);
  readonly project = new nn.Linear(24, 24);
  readonly after = new nn.LayerNorm(24);
  readonly up = new nn.Linear(24, 50);
  readonly down = new nn.Linear(50, 24);
  readonly again: boolean;
  constructor(again: boolean) {
    super();
    this.again = again;
  }
  override forward(x: torch.Tensor): torch.Tensor {
    return this.again
      ? torch.utils.checkpoint.checkpoint((y: torch.Tensor) => this.compute(y), x, { useReentrant: false })
      : this.compute(x);
  }
  compute(x: torch.Tensor): torch.Tensor {
    const [n, t] = x.shape as [number, number];
    const [q, k, v] = this.attention
      .forward(this.before.forward(x))
      .chunk(3, -1)
      .map((p) => p.view(n, t, 3, 8).transpose(1, 2)) as [torch.Tensor, torch.Tensor, torch.Tensor];
    const mixed = F.scaledDotProductAttention(q, k, v, { isCausal: true }).transpose(1, 2).reshape(n, t, 24);
    const y = x.add(this.project.forward(mixed));
    return y.add(this.down.forward(F.gelu(this.up.forward(this.after.forward(y)))));
  }
}

/** Words 0..28; the weight of the head is that of the words: shared inside the root's unit. */
export class Gpt extends nn.Module {
  readonly words = new nn.Embedding(29, 24);
  readonly places = new nn.Parameter(torch.randn(8, 24).mul(0.1));
  readonly blocks: Block[];
  readonly spare: Block | null;
  readonly head = new nn.Linear(24, 29, { bias: false });
  readonly #outside: boolean;
  constructor({ again, frozen, unused }: Variant = {}) {
    super();
    this.blocks = [0, 1, 2].map(() => new Block(again === 'inside'));
    this.spare = unused ? new Block(false) : null;
    this.words.weight.detach().mul_(0.2);
    this.head.weight = this.words.weight;
    this.#outside = again === 'outside';
    if (frozen) {
      this.blocks[0]!.up.requiresGrad_(false);
      this.blocks[1]!.requiresGrad_(false);
    }
  }
  override forward(ids: torch.Tensor): torch.Tensor {
    let x = this.words.forward(ids).add(this.places);
    for (const block of this.blocks) {
      x = this.#outside
        ? torch.utils.checkpoint.checkpoint((y: torch.Tensor) => block.forward(y), x, { useReentrant: false })
        : block.forward(x);
    }
    return this.head.forward(x);
  }
  loss(ids: torch.Tensor): torch.Tensor {
    return F.crossEntropy(this.forward(ids).reshape(-1, 29), ids.roll(-1, 1).reshape(-1));
  }
}
export const gptBatch = (step: number): torch.Tensor => {
  torch.manualSeed(1000 + step);
  // a rule to be learned: each word is the one before plus a step
  const [start, stride] = [torch.randint(0, 29, [12, 1]), torch.randint(1, 4, [12, 1])];
  return torch.arange(8).mul(stride).add(start).remainder(29);
};

export class Cnn extends nn.Module {
  readonly body = new nn.Sequential(
    new nn.Conv2d(1, 6, 3, { padding: 1 }),
    new nn.BatchNorm2d(6),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(6, 10, 3, { padding: 1 }),
    new nn.BatchNorm2d(10),
    new nn.ReLU(),
  );
  readonly head = new nn.Linear(160, 10);
  override forward(x: torch.Tensor): torch.Tensor {
    return this.head.forward(this.body.forward(x).flatten(1));
  }
}
/** Images of ten digits, in noise. */
export const digitsBatch = (step: number): [torch.Tensor, torch.Tensor] => {
  torch.manualSeed(77);
  const digits = torch.randn(10, 1, 8, 8);
  torch.manualSeed(2000 + step);
  const labels = torch.randint(0, 10, [24]);
  return [digits.indexSelect(0, labels).add(torch.randn(24, 1, 8, 8).mul(0.5)), labels];
};

/** Rows of a process. */
export const share = (x: torch.Tensor, rank: number, count: number): torch.Tensor => {
  const n = x.size(0) / count;
  return x.narrow(0, rank * n, n);
};
/** The mean over all processes. */
export function mean(loss: torch.Tensor): number {
  const sum = loss.detach().clone();
  dist.allReduce(sum, { op: dist.ReduceOp.SUM });
  return sum.item() / dist.getWorldSize();
}
export function assert(value: unknown, message: string): asserts value {
  if (!value) throw new Error(message);
}
/** The greatest distance of two curves. */
export function distance(a: readonly number[], b: readonly number[]): number {
  assert(a.length === b.length, `curves of ${a.length} and ${b.length} steps`);
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
}
