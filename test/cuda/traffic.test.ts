// What kernels move and how many are launched, as the emulator counts: the least that an operation can do with is what
// it is held to. Bytes are those of 32-byte sectors that warps touch, which is what memory delivers. `FLAMBEAU_TRAFFIC=1`
// prints the table of docs/cuda.md.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';

const there = torch.cuda.isAvailable() && 'emulator.launches' in torch.cuda.memoryStats(0);
const F = torch.nn.functional;

interface Counts {
  launches: number;
  read: number;
  written: number;
}
/** What happens on the device while `f` runs. */
function counted(f: () => unknown): Counts {
  torch.cuda.synchronize();
  const figure = (name: string): number => torch.cuda.memoryStats(0)[`emulator.${name}`]!;
  const names = ['launches', 'sectors_read', 'sectors_written'] as const;
  const before = names.map(figure);
  f();
  torch.cuda.synchronize();
  const [launches, read, written] = names.map((name, i) => figure(name) - before[i]!);
  return { launches: launches!, read: 32 * read!, written: 32 * written! };
}
const table: string[] = [];
function hold(name: string, least: number, most: number, f: () => unknown, launches = 1): void {
  f(); // what is made once is made
  const c = counted(f);
  const ratio = (c.read + c.written) / least;
  table.push(`| ${name} | ${c.launches} | ${c.read} | ${c.written} | ${least} | ${ratio.toFixed(2)} |`);
  expect(ratio, `${name}: ${c.read} bytes read and ${c.written} written, ${least} at least`).toBeLessThanOrEqual(most);
  expect(c.launches, `${name}: launches`).toBeLessThanOrEqual(launches);
}
const randn = (...sizes: number[]): torch.Tensor => torch.randn(sizes).cuda();

describe.runIf(there)('traffic', () => {
  const n = 1 << 16;
  const rows = 64;
  const cols = n / rows;
  const f32 = 4 * n;

  test('element-wise operations read each input once and write once', () => {
    const [x, y, z] = [randn(n), randn(n), randn(n)];
    hold('exp', 2 * f32, 1.1, () => x.exp());
    hold('add', 3 * f32, 1.1, () => x.add(y));
    hold('mul by a number', 2 * f32, 1.1, () => x.mul(2));
    hold('gelu', 2 * f32, 1.1, () => F.gelu(x));
    hold('lt', 2 * f32 + n, 1.1, () => x.lt(y));
    hold('addcmul', 4 * f32, 1.1, () => x.addcmul(y, z));
    hold('add_', 3 * f32, 1.1, () => x.add_(y));
    hold('to float16', f32 + 2 * n, 1.1, () => x.to('float16'));
    hold(
      'float16 mul',
      6 * n,
      1.1,
      (
        (h) => () =>
          h.mul(h.roll(0))
      )(x.to('float16')),
      2,
    );
    hold('fill', f32, 1.1, () => torch.zeros(n, { device: 'cuda:0' }));
    // each warp asks for its part of the row: the cache gives it
    hold(
      'add of a row',
      3 * f32,
      1.1,
      (
        (m, r) => () =>
          m.add(r)
      )(x.view(rows, cols), y.narrow(0, 0, cols)),
    );
    hold(
      'copy of a transpose',
      2 * f32,
      1.1,
      (
        (m) => () =>
          m.t().contiguous()
      )(x.view(256, 256)),
    );
  });

  test('reductions read once', () => {
    const x = randn(rows, cols);
    hold('sum', f32, 1.1, () => x.sum(), 2);
    hold('sum of rows', f32, 1.1, () => x.sum(1));
    hold('sum of columns', f32, 1.1, () => x.sum(0), 2);
    hold('mean', f32, 1.1, () => x.mean(), 2);
    hold('amax of rows', f32, 1.1, () => x.amax(1));
    hold('argmax of rows', f32, 1.1, () => x.argmax(1));
    hold('var of rows', f32, 1.1, () => x.var(1));
  });

  test('softmax, norms and cross-entropy: one read, one write', () => {
    const x = randn(rows, cols);
    const target = torch.arange(rows, { device: 'cuda:0' });
    hold('softmax', 2 * f32, 1.5, () => x.softmax(-1));
    hold('logSoftmax', 2 * f32, 1.5, () => x.logSoftmax(-1));
    // each row asks for weight and bias again: the cache gives them
    hold(
      'layerNorm',
      4 * f32,
      1.1,
      (
        (w, b) => () =>
          F.layerNorm(x, [cols], w, b)
      )(randn(cols), randn(cols)),
    );
    hold(
      'batchNorm',
      2 * f32,
      1.5,
      (
        (m) => () =>
          F.batchNorm(m, null, null, { training: true })
      )(x.view(16, 16, 256)),
      3,
    );
    hold('crossEntropy', 2 * f32, 1.5, () => F.crossEntropy(x, target), 3);
  });

  test.each([256, 1024, 8192])(
    'backward of softmax and norms over rows of %i: each tensor once, or the rest of it again',
    (cols) => {
      const x = randn(n / cols, cols).requiresGrad_();
      const g = randn(n / cols, cols);
      const [w, b] = [randn(cols).requiresGrad_(), randn(cols).requiresGrad_()];
      const held = (
        name: string,
        y: torch.Tensor,
        inputs: readonly torch.Tensor[],
        launches: number,
        least = 3,
      ): void =>
        hold(
          `${name} backward, rows of ${cols}`,
          least * f32,
          1.5,
          () => torch.autograd.grad([y], [...inputs], { gradOutputs: [g], retainGraph: true }),
          launches,
        );
      held('softmax', x.softmax(-1), [x], 1);
      held('logSoftmax', x.logSoftmax(-1), [x], 1);
      held('layerNorm', F.layerNorm(x, [cols]), [x], 1);
      // the weights for every row, as above; of eight rows each there are sums for weight and bias
      if (cols === 256) held('layerNorm with weights', F.layerNorm(x, [cols], w, b), [x, w, b], 3, 4);
      const image = x.view(16, 16, 256);
      held('batchNorm', F.batchNorm(image, null, null, { training: true }).view(x.sizes), [x], 3);
    },
  );

  test('an optimizer step is one launch for hundreds of tensors', () => {
    const parameters = Array.from({ length: 120 }, () => randn(300).requiresGrad_());
    const optimizer = new torch.optim.Adam(parameters, { lr: 1e-3 });
    for (const p of parameters) p.grad = torch.ones(300, { device: 'cuda:0' });
    hold('Adam over 120 tensors', 7 * 4 * 300 * 120, 1.5, () => optimizer.step(), 2);
  });

  test('a training step launches no more kernels than PyTorch', { timeout: 120_000 }, async () => {
    const most = JSON.parse(readFileSync(new URL('../oracle/launches.json', import.meta.url), 'utf8')) as Record<
      string,
      number
    >;
    for (const name of ['mnist-cnn', 'nanogpt', 'vae', 'bert']) {
      const script = (await import(`../../examples/scripts/${name}.ts`)) as {
        train(settings: { steps: number; seed: number; device: string }): Generator<unknown, string>;
      };
      const training = script.train({ steps: 3, seed: 1, device: 'cuda:0' });
      training.next();
      training.next();
      const { launches } = counted(() => training.next());
      table.push(`| step of ${name} | ${launches} | PyTorch ${most[name]} |`);
      expect(launches, `launches of a step of ${name}`).toBeLessThanOrEqual(most[name]!);
    }
  });

  test('the table', () => {
    if (process.env.FLAMBEAU_TRAFFIC) console.log(table.join('\n'));
    expect(table.length).toBeGreaterThan(20);
  });
});

describe.runIf(!there)('without the emulator', () => {
  test('nothing is counted', () => expect(torch.cuda.memoryStats(0)).not.toHaveProperty('emulator.launches'));
});
