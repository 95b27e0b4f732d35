// A character model: embedding, LSTM of 2 layers of 128, head; 32 sequences of 64 characters, Adam.
import { manualSeed, nn, optim, randint, type Tensor } from 'flambeau';
import { type Batch, crossEntropy, type Row, training } from '../row.ts';

class CharLSTM extends nn.Module {
  emb = new nn.Embedding(65, 128);
  lstm = new nn.LSTM(128, 128, 2, { batchFirst: true });
  head = new nn.Linear(128, 65);
  override forward(x: Tensor): Tensor {
    const [y] = this.lstm.forward(this.emb.forward(x));
    return this.head.forward(y).view(-1, 65);
  }
}

const build = () => {
  manualSeed(0);
  const model = new CharLSTM();
  const batches = Array.from({ length: 16 }, (): Batch => [randint(65, [32, 64]), randint(65, [32, 64]).view(-1)]);
  return training(model, crossEntropy, new optim.Adam(model.parameters(), { lr: 2e-3 }), batches);
};

export const rows: readonly Row[] = [
  { name: 'lstm', title: 'LSTM 2×128, 32 sequences of 64, Adam, a step', wanted: 2, training: true, build },
];
