// Text classification by a transformer's encoder, as BERT does it: a [CLS] token, masks for padding, a rate that warms up.
// bert.py is the same in Python.
import * as torch from 'flambeau';
import type { Losses, Settings } from './data.ts';

const { nn, optim } = torch;
const [PAD, CLS, VOCAB, LENGTH] = [0, 1, 40, 24] as const;

class PositionalEncoding extends nn.Module {
  dropout: torch.nn.Dropout;
  constructor(dModel: number, dropout = 0.1, maxLen = 64) {
    super();
    this.dropout = new nn.Dropout({ p: dropout });
    const position = torch.arange(maxLen).unsqueeze(1);
    const divTerm = torch.exp(torch.arange(0, dModel, 2).mul(-Math.log(10000.0) / dModel));
    const pe = torch.zeros(1, maxLen, dModel);
    pe.indexPut_([0, ':', '0::2'], torch.sin(position.mul(divTerm)));
    pe.indexPut_([0, ':', '1::2'], torch.cos(position.mul(divTerm)));
    this.registerBuffer('pe', pe);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    return this.dropout.forward(x.add(this.getBuffer('pe').index(':', `:${x.size(1)}`)));
  }
}

class Classifier extends nn.Module<[tokens: torch.Tensor]> {
  embedding: torch.nn.Embedding;
  posEncoder: PositionalEncoding;
  encoder: torch.nn.TransformerEncoder;
  classifier: torch.nn.Linear;
  constructor(dModel = 64, nhead = 4, numLayers = 2, numClasses = 2) {
    super();
    this.embedding = new nn.Embedding(VOCAB, dModel, { paddingIdx: PAD });
    this.posEncoder = new PositionalEncoding(dModel);
    const layer = new nn.TransformerEncoderLayer(dModel, nhead, {
      dimFeedforward: 128,
      dropout: 0.1,
      activation: 'gelu',
      batchFirst: true,
    });
    this.encoder = new nn.TransformerEncoder(layer, numLayers, { enableNestedTensor: false });
    this.classifier = new nn.Linear(dModel, numClasses);
  }

  override forward(tokens: torch.Tensor): torch.Tensor {
    let x = this.posEncoder.forward(this.embedding.forward(tokens).mul(Math.sqrt(64)));
    x = this.encoder.forward(x, { srcKeyPaddingMask: tokens.eq(PAD) });
    return this.classifier.forward(x.index(':', 0));
  }
}

/** Tokens (count, LENGTH) of various lengths, and whether more of them are from the upper half of the vocabulary. */
function sentences(count: number): [torch.Tensor, torch.Tensor] {
  let words = torch.randint(2, VOCAB, [count, LENGTH - 1]);
  const lengths = torch.randint(6, LENGTH, [count, 1]);
  words = words.maskedFill(torch.arange(LENGTH - 1).ge(lengths), PAD);
  const upper = words.ge(VOCAB / 2 + 1).sum({ dim: 1 });
  const lower = words
    .gt(CLS)
    .bitwiseAnd(words.lt(VOCAB / 2 + 1))
    .sum({ dim: 1 });
  const tokens = torch.cat([torch.full([count, 1], CLS), words], { dim: 1 });
  return [tokens, upper.gt(lower).long()];
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  torch.manualSeed(seed);
  const [tokens, labels] = sentences(1000).map((x) => x.to(device)) as [torch.Tensor, torch.Tensor];
  const model = new Classifier().to(device);
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.01 });
  const scheduler = new optim.lrScheduler.LambdaLR(optimizer, (step) =>
    Math.min((step + 1) / 10, Math.max(0.0, (500 - step) / 490)),
  );
  model.train();
  for (let step = 0; step < steps; step++) {
    const rows = torch.randint(0, labels.size(0), [32]).to(device);
    optimizer.zeroGrad();
    const loss = criterion.forward(model.forward(tokens.index(rows)), labels.index(rows));
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 1.0);
    optimizer.step();
    scheduler.step();
    yield { loss: loss.item() };
  }
  model.eval();
  const right = torch
    .noGrad(() => model.forward(tokens).argmax({ dim: 1 }).eq(labels))
    .sum()
    .item();
  return `${right} of ${labels.size(0)} sentences are told right`;
}
