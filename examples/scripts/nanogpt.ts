// A GPT over characters, after nanoGPT's model.py and train.py. nanogpt.py is the same in Python.
import * as torch from 'flambeau';
import { type Losses, type Settings, text } from './data.ts';

const { nn } = torch;
const F = nn.functional;

const [blockSize, nLayer, nHead, nEmbd, dropout, bias] = [64, 4, 4, 64, 0.1, false] as const;
const [batchSize, learningRate, minLr, warmupIters, lrDecayIters] = [8, 1e-3, 1e-4, 5, 200] as const;

class LayerNorm extends nn.Module {
  weight: torch.nn.Parameter;
  bias: torch.nn.Parameter | null;
  constructor(ndim: number, bias: boolean) {
    super();
    this.weight = new nn.Parameter(torch.ones(ndim));
    this.bias = bias ? new nn.Parameter(torch.zeros(ndim)) : null;
  }

  override forward(input: torch.Tensor): torch.Tensor {
    return F.layerNorm(input, this.weight.shape, this.weight, this.bias, 1e-5);
  }
}

class CausalSelfAttention extends nn.Module {
  cAttn = new nn.Linear(nEmbd, 3 * nEmbd, { bias });
  cProj = new nn.Linear(nEmbd, nEmbd, { bias });
  attnDropout = new nn.Dropout(dropout);
  residDropout = new nn.Dropout(dropout);
  constructor() {
    super();
    const mask = torch.tril(torch.ones(blockSize, blockSize)).view(1, 1, blockSize, blockSize);
    this.registerBuffer('bias', mask);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    const [B, T, C] = x.size() as readonly [number, number, number];
    const heads = (y: torch.Tensor): torch.Tensor => y.view(B, T, nHead, C / nHead).transpose(1, 2);
    const [q, k, v] = this.cAttn.forward(x).split(nEmbd, { dim: 2 }).map(heads) as [
      torch.Tensor,
      torch.Tensor,
      torch.Tensor,
    ];
    let att = q.matmul(k.transpose(-2, -1)).mul(1.0 / Math.sqrt(k.size(-1)));
    att = att.maskedFill(this.getBuffer('bias').index(':', ':', `:${T}`, `:${T}`).eq(0), -Infinity);
    att = F.softmax(att, { dim: -1 });
    att = this.attnDropout.forward(att);
    const y = att.matmul(v).transpose(1, 2).contiguous().view(B, T, C);
    return this.residDropout.forward(this.cProj.forward(y));
  }
}

class MLP extends nn.Module {
  cFc = new nn.Linear(nEmbd, 4 * nEmbd, { bias });
  gelu = new nn.GELU();
  cProj = new nn.Linear(4 * nEmbd, nEmbd, { bias });
  dropout = new nn.Dropout(dropout);

  override forward(x: torch.Tensor): torch.Tensor {
    return this.dropout.forward(this.cProj.forward(this.gelu.forward(this.cFc.forward(x))));
  }
}

class Block extends nn.Module {
  ln1 = new LayerNorm(nEmbd, bias);
  attn = new CausalSelfAttention();
  ln2 = new LayerNorm(nEmbd, bias);
  mlp = new MLP();

  override forward(x: torch.Tensor): torch.Tensor {
    x = x.add(this.attn.forward(this.ln1.forward(x)));
    x = x.add(this.mlp.forward(this.ln2.forward(x)));
    return x;
  }
}

class GPT extends nn.Module<[idx: torch.Tensor, targets?: torch.Tensor], [torch.Tensor, torch.Tensor | null]> {
  wte: torch.nn.Embedding;
  wpe = new nn.Embedding(blockSize, nEmbd);
  drop = new nn.Dropout(dropout);
  h: torch.nn.ModuleList<Block>;
  lnF = new LayerNorm(nEmbd, bias);
  lmHead: torch.nn.Linear;

  constructor(vocabSize: number) {
    super();
    this.wte = new nn.Embedding(vocabSize, nEmbd);
    this.h = new nn.ModuleList(Array.from({ length: nLayer }, () => new Block()));
    this.lmHead = new nn.Linear(nEmbd, vocabSize, { bias: false });
    this.wte.weight = this.lmHead.weight;
    this.apply((module) => this.initWeights(module));
    for (const [pn, p] of this.namedParameters()) {
      if (pn.endsWith('cProj.weight')) nn.init.normal_(p, { mean: 0.0, std: 0.02 / Math.sqrt(2 * nLayer) });
    }
  }

  private initWeights(module: torch.nn.AnyModule): void {
    if (module instanceof nn.Linear) {
      nn.init.normal_(module.weight, { mean: 0.0, std: 0.02 });
      if (module.bias !== null) nn.init.zeros_(module.bias);
    } else if (module instanceof nn.Embedding) {
      nn.init.normal_(module.weight, { mean: 0.0, std: 0.02 });
    }
  }

  override forward(idx: torch.Tensor, targets?: torch.Tensor): [torch.Tensor, torch.Tensor | null] {
    const t = idx.size(1);
    const pos = torch.arange(0, t, { dtype: torch.long, device: idx.device });
    let x = this.drop.forward(this.wte.forward(idx).add(this.wpe.forward(pos)));
    for (const block of this.h) x = block.forward(x);
    const logits = this.lmHead.forward(this.lnF.forward(x));
    const loss = targets
      ? F.crossEntropy(logits.view(-1, logits.size(-1)), targets.view(-1), { ignoreIndex: -1 })
      : null;
    return [logits, loss];
  }

  configureOptimizers(): torch.optim.AdamW {
    const params = [...this.parameters()].filter((p) => p.requiresGrad);
    const decayParams = params.filter((p) => p.dim() >= 2);
    const nodecayParams = params.filter((p) => p.dim() < 2);
    const groups = [
      { params: decayParams, weightDecay: 0.1 },
      { params: nodecayParams, weightDecay: 0.0 },
    ];
    return new torch.optim.AdamW(groups, { lr: learningRate, betas: [0.9, 0.99] });
  }

  /** Goes on from `idx` (B, T) by `maxNewTokens`. */
  generate(idx: torch.Tensor, maxNewTokens: number, temperature = 1.0, topK?: number): torch.Tensor {
    return torch.noGrad(() => {
      for (let i = 0; i < maxNewTokens; i++) {
        const idxCond = idx.size(1) <= blockSize ? idx : idx.index(':', `${-blockSize}:`);
        let logits = this.forward(idxCond)[0].index(':', -1, ':').div(temperature);
        if (topK !== undefined) {
          const [v] = torch.topk(logits, Math.min(topK, logits.size(-1)));
          logits = logits.maskedFill(logits.lt(v.index(':', '-1:')), -Infinity);
        }
        const probs = F.softmax(logits, { dim: -1 });
        const idxNext = torch.multinomial(probs, { numSamples: 1 });
        idx = torch.cat([idx, idxNext], { dim: 1 });
      }
      return idx;
    });
  }
}

function getLr(it: number): number {
  if (it < warmupIters) return (learningRate * (it + 1)) / (warmupIters + 1);
  if (it > lrDecayIters) return minLr;
  const decayRatio = (it - warmupIters) / (lrDecayIters - warmupIters);
  const coeff = 0.5 * (1.0 + Math.cos(Math.PI * decayRatio));
  return minLr + coeff * (learningRate - minLr);
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  const source = text();
  const chars = [...new Set(source)].sort();
  const stoi = new Map(chars.map((c, i) => [c, i]));
  const data = torch.tensor([...source].map((c) => stoi.get(c)!));
  const model = new GPT(chars.length).to(device);
  const optimizer = model.configureOptimizers();
  for (let it = 0; it < steps; it++) {
    for (const paramGroup of optimizer.paramGroups) paramGroup.lr = getLr(it);
    const ix = torch.randint(data.size(0) - blockSize, [batchSize]).tolist() as number[];
    const x = torch.stack(ix.map((i) => data.index(`${i}:${i + blockSize}`))).to(device);
    const y = torch.stack(ix.map((i) => data.index(`${i + 1}:${i + 1 + blockSize}`))).to(device);
    const [, loss] = model.forward(x, y);
    loss!.backward();
    nn.utils.clipGradNorm_(model.parameters(), 1.0);
    optimizer.step();
    optimizer.zeroGrad({ setToNone: true });
    yield { loss: loss!.item() };
  }
  model.eval();
  const out = model.generate(torch.tensor([[stoi.get('T')!]], { device }), 200, 0.8, 20);
  return (out.index(0).tolist() as number[]).map((i) => chars[i]).join('');
}
