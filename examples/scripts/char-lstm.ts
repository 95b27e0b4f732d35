// A language model over characters: two layers of LSTM whose state is carried from one piece of the text to the next.
// char-lstm.py is the same in Python.
import * as torch from 'flambeau';
import { type Losses, type Settings, text } from './data.ts';

const { nn, optim } = torch;
type State = [torch.Tensor, torch.Tensor];

class CharLSTM extends nn.Module<[x: torch.Tensor, hidden?: State | null], [torch.Tensor, State]> {
  embedding: torch.nn.Embedding;
  lstm: torch.nn.LSTM;
  fc: torch.nn.Linear;
  constructor(vocabSize: number, embedDim = 32, hiddenDim = 128, numLayers = 2) {
    super();
    this.embedding = new nn.Embedding(vocabSize, embedDim);
    this.lstm = new nn.LSTM(embedDim, hiddenDim, numLayers, { dropout: 0.2, batchFirst: true });
    this.fc = new nn.Linear(hiddenDim, vocabSize);
  }

  override forward(x: torch.Tensor, hidden: State | null = null): [torch.Tensor, State] {
    const [out, state] = this.lstm.forward(this.embedding.forward(x), hidden);
    return [this.fc.forward(out), state];
  }
}

export function* train({ steps, seed, device }: Settings): Generator<Losses, string> {
  const [batchSize, seqLen] = [16, 32];
  torch.manualSeed(seed);
  const data = text();
  const chars = [...new Set(data)].sort();
  const stoi = new Map(chars.map((c, i) => [c, i]));
  const encoded = torch.tensor([...data].map((c) => stoi.get(c)!));
  const perRow = Math.floor(encoded.size(0) / batchSize);
  const rows = encoded
    .index(`:${perRow * batchSize}`)
    .view(batchSize, perRow)
    .to(device);
  const model = new CharLSTM(chars.length).to(device);
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.Adam(model.parameters(), { lr: 2e-3 });
  let hidden: State | null = null;
  let position = 0;
  for (let step = 0; step < steps; step++) {
    if (position + seqLen + 1 > perRow) [hidden, position] = [null, 0];
    const x = rows.index(':', `${position}:${position + seqLen}`);
    const y = rows.index(':', `${position + 1}:${position + seqLen + 1}`);
    position += seqLen;
    if (hidden !== null) hidden = [hidden[0].detach(), hidden[1].detach()];
    optimizer.zeroGrad();
    const [logits, state] = model.forward(x, hidden);
    hidden = state;
    const loss = criterion.forward(logits.reshape(-1, chars.length), y.reshape(-1));
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), { maxNorm: 1.0 });
    optimizer.step();
    yield { loss: loss.item() };
  }
  return sample(model.eval(), chars, stoi, device);
}

/** Text that the model writes, a character at a time. */
function sample(model: CharLSTM, chars: readonly string[], stoi: ReadonlyMap<string, number>, device: string): string {
  return torch.noGrad(() => {
    let written = 'The ';
    let x = torch.tensor([[...written].map((c) => stoi.get(c)!)], { device });
    let state: State | null = null;
    for (let i = 0; i < 200; i++) {
      const [logits, next] = model.forward(x, state);
      state = next;
      const probs = torch.softmax(logits.index(0, -1).div(0.8), { dim: -1 });
      const i = torch.multinomial(probs, { numSamples: 1 });
      written += chars[i.item()]!;
      x = i.view(1, 1);
    }
    return written;
  });
}
