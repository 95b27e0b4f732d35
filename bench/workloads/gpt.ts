// A GPT of four layers, 128 wide, on 65 characters: a training step with AdamW and clipping, forward alone, and drawing text.
import { arange, cat, manualSeed, nn, noGrad, optim, randint, type Tensor, zeros } from 'flambeau';
import { type Batch, type Row, training } from '../row.ts';

const { gelu, scaledDotProductAttention } = nn.functional;

/** Keys and values of a block for the characters before, in buffers for all that may come. */
class Cache {
  readonly #k: Tensor;
  readonly #v: Tensor;
  length = 0;
  constructor(heads: number, most: number, width: number) {
    this.#k = zeros(1, heads, most, width);
    this.#v = zeros(1, heads, most, width);
  }
  /** Takes in those of the next characters; gives those of all. */
  extend(k: Tensor, v: Tensor): [k: Tensor, v: Tensor] {
    const count = k.shape[2]!;
    this.#k.narrow(2, this.length, count).copy_(k);
    this.#v.narrow(2, this.length, count).copy_(v);
    this.length += count;
    return [this.#k.narrow(2, 0, this.length), this.#v.narrow(2, 0, this.length)];
  }
}

class Attention extends nn.Module {
  readonly heads: number;
  readonly qkv: nn.Linear;
  readonly proj: nn.Linear;
  constructor(d: number, heads: number) {
    super();
    this.heads = heads;
    this.qkv = new nn.Linear(d, 3 * d, { bias: false });
    this.proj = new nn.Linear(d, d, { bias: false });
  }
  override forward(x: Tensor, cache?: Cache): Tensor {
    const [b, t, d] = x.shape as [number, number, number];
    const split = this.qkv.forward(x).split(d, 2);
    let [q, k, v] = split.map((z) => z.view(b, t, this.heads, d / this.heads).transpose(1, 2)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    if (cache) [k, v] = cache.extend(k, v);
    const y = scaledDotProductAttention(q, k, v, { isCausal: t > 1 });
    return this.proj.forward(y.transpose(1, 2).contiguous().view(b, t, d));
  }
}

class Block extends nn.Module {
  readonly ln1: nn.LayerNorm;
  readonly ln2: nn.LayerNorm;
  readonly attn: Attention;
  readonly fc: nn.Linear;
  readonly out: nn.Linear;
  constructor(d: number, heads: number) {
    super();
    this.ln1 = new nn.LayerNorm(d);
    this.ln2 = new nn.LayerNorm(d);
    this.attn = new Attention(d, heads);
    this.fc = new nn.Linear(d, 4 * d, { bias: false });
    this.out = new nn.Linear(4 * d, d, { bias: false });
  }
  override forward(x: Tensor, cache?: Cache): Tensor {
    const y = x.add(this.attn.forward(this.ln1.forward(x), cache));
    return y.add(this.out.forward(gelu(this.fc.forward(this.ln2.forward(y)))));
  }
}

export class GPT extends nn.Module {
  readonly wte: nn.Embedding;
  readonly wpe: nn.Embedding;
  readonly blocks: nn.ModuleList<Block>;
  readonly ln: nn.LayerNorm;
  readonly head: nn.Linear;
  readonly _positions: Tensor;
  constructor(vocab = 65, block = 64, layers = 4, heads = 4, d = 128) {
    super();
    this.wte = new nn.Embedding(vocab, d);
    this.wpe = new nn.Embedding(block, d);
    this.blocks = new nn.ModuleList(Array.from({ length: layers }, () => new Block(d, heads)));
    this.ln = new nn.LayerNorm(d);
    this.head = new nn.Linear(d, vocab, { bias: false });
    this.wte.weight = this.head.weight;
    this._positions = arange(block);
    for (const m of this.modules())
      if (m instanceof nn.Linear || m instanceof nn.Embedding) nn.init.normal_(m.weight, 0, 0.02);
  }
  /** Logits after each character; with caches, a block's each, those that they hold come before. */
  override forward(index: Tensor, caches: readonly Cache[] = []): Tensor {
    const positions = this._positions.narrow(0, caches[0]?.length ?? 0, index.shape[1]!);
    let x = this.wte.forward(index).add(this.wpe.forward(positions));
    let i = 0;
    for (const block of this.blocks) x = block.forward(x, caches[i++]);
    return this.head.forward(this.ln.forward(x));
  }
}

export const lossOf = (logits: Tensor, target: Tensor): Tensor =>
  nn.functional.crossEntropy(logits.view(-1, logits.shape.at(-1)!), target.view(-1));

/** AdamW, with weight decay for matrices alone. */
export function optimizerOf(params: readonly Tensor[]): optim.AdamW {
  const groups = [
    { params: params.filter((p) => p.dim() >= 2), weightDecay: 0.1 },
    { params: params.filter((p) => p.dim() < 2), weightDecay: 0 },
  ];
  return new optim.AdamW(groups, { lr: 1e-3, betas: [0.9, 0.99] });
}

/** Training steps on batches of so many sequences of 64 characters. */
export const gpt = (batch: number) => (): ((n: number) => void) => {
  manualSeed(0);
  const model = new GPT();
  const batches = Array.from({ length: 16 }, (): Batch => [randint(65, [batch, 64]), randint(65, [batch, 64])]);
  const params = model.parameters();
  const optimizer = optimizerOf(params);
  return training(model, lossOf, optimizer, batches, () => nn.utils.clipGradNorm_(params, 1));
};

const buildForward = () => {
  manualSeed(0);
  const model = new GPT().eval();
  const index = randint(65, [1, 64]);
  return (n: number): void => {
    for (let i = 0; i < n; i++) noGrad(() => model.forward(index));
  };
};

/** Draws `count` characters after a prompt of 32, each from the logits of all that came before. */
const buildGeneration = () => {
  manualSeed(0);
  const model = new GPT().eval();
  const prompt = randint(65, [1, 32]);
  const generate = (count: number): Tensor => {
    let index = prompt;
    for (let i = 0; i < count; i++) {
      const logits = model.forward(index).select(1, -1);
      index = cat([index, logits.softmax(-1).multinomial(1)], 1);
    }
    return index;
  };
  return (n: number): void => {
    for (let i = 0; i < n; i++) noGrad(() => generate(32));
  };
};

/** The same, with the keys and values of what came before kept: after the prompt, a character at a time. */
const buildCachedGeneration = () => {
  manualSeed(0);
  const model = new GPT().eval();
  const prompt = randint(65, [1, 32]);
  const generate = (count: number): Tensor => {
    const caches = Array.from({ length: 4 }, () => new Cache(4, 64, 32));
    const drawn = [prompt];
    for (let i = 0; i < count; i++) {
      const logits = model.forward(drawn.at(-1)!, caches).select(1, -1);
      drawn.push(logits.softmax(-1).multinomial(1));
    }
    return cat(drawn, 1);
  };
  return (n: number): void => {
    for (let i = 0; i < n; i++) noGrad(() => generate(32));
  };
};

export const rows: readonly Row[] = [
  { name: 'gpt', title: 'GPT, 4 layers, 12 × 64, AdamW, a step', wanted: 1.3, training: true, build: gpt(12) },
  { name: 'gpt-forward', title: 'the same GPT, forward of 1 × 64', wanted: 1.5, build: buildForward },
  { name: 'gpt-generate', title: 'the same GPT, drawing 32 characters after 32', wanted: 2, build: buildGeneration },
  {
    name: 'gpt-generate-cached',
    title: 'drawing with a key-value cache',
    wanted: 2,
    build: buildCachedGeneration,
  },
];
