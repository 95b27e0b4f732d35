// What kernels find wrong, where nothing waits for them: prints what each step throws. Run by faults.test.ts.
import * as torch from '../../lib/index.ts';

const device = 'cuda:0';
const said: Record<string, string> = {};
const attempt = (name: string, f: () => unknown): void => {
  try {
    f();
    said[name] = 'nothing';
  } catch (error) {
    said[name] = `${(error as Error).name}: ${(error as Error).message}`;
  }
};
const x = torch.arange(6, { device, dtype: 'float32' });
const far = torch.tensor([1, 9, 2], { device });
let picked: torch.Tensor = x;
attempt('indexSelect', () => {
  picked = x.indexSelect(0, far);
});
attempt('more work', () => picked.add(1));
attempt('item', () => picked.sum().item());
attempt('item again', () => picked.index(0).item());

attempt('nllLoss', () => torch.nllLoss(torch.zeros(2, 3, { device }), torch.tensor([1, 7], { device })));
attempt('synchronize', () => torch.cuda.synchronize());
attempt('bernoulli', () => torch.bernoulli(torch.full([4], 1.5, { device })));
const event = new torch.cuda.Event();
event.record();
attempt('event', () => event.synchronize());
attempt('gather', () => x.gather(0, far));
attempt('cpu', () => x.cpu());
attempt('embedding', () => torch.nn.functional.embedding(torch.tensor([4], { device }), torch.ones(4, 2, { device })));
try {
  await x.toTypedArrayAsync();
} catch (error) {
  said.async = `${(error as Error).name}: ${(error as Error).message}`;
}
said.end = String(x.sum().item());
console.log(JSON.stringify(said));
