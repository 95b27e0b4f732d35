// A rank of NCCL without MPI: test/cuda/nccl.test.ts starts it. It gets the communicator's id in a message, and says what comes of
// its work.
import { callCuda, waiting } from '../../lib/cuda/native.ts';
import * as torch from '../../lib/index.ts';

const [rank = 0, size = 1, seconds = 0] = process.argv.slice(2).map(Number);
const call = (name: string, numbers: readonly number[], x?: torch.Tensor): number[] =>
  waiting('test', () => {
    const part = x === undefined ? [] : [x.storage.handle, x.storage.byteOffset, 4 * x.numel()];
    return callCuda(`nccl.${name}\ntest`, numbers, Float64Array.from([...part, ...part]));
  });
function attempt(): number[] | undefined {
  const id = given;
  const [comm] = call('init', [rank, size, 0, seconds, ...id]);
  const x = torch.full([4], rank + 1, { dtype: 'float32', device: 'cuda:0' });
  const reduce = (): void => void call('run', [comm!, seconds, 0, 0, 0, 0, 0], x);
  reduce();
  process.send!({ sum: x.tolist() });
  if (rank !== 0) return;
  reduce(); // the other one is not there any more
  return x.tolist() as number[];
}
let given: readonly number[] = [];
process.on('message', (id: number[]) => {
  given = id;
  try {
    process.send!({ result: attempt() ?? null });
  } catch (error) {
    process.send!({ error: String(error) });
  }
});
process.send!({ id: rank === 0 ? call('id', []) : null });
