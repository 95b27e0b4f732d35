// Scripts that train on cuda:0 to the losses that they have on the CPU.
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Settings as DigitsSettings, Trainer as DigitsTrainer } from '../../examples/digits/train.ts';
import type { Losses, Settings } from '../../examples/scripts/data.ts';
import * as torch from '../../lib/index.ts';

type Curves = Readonly<Record<string, readonly number[]>>;
const stored = JSON.parse(readFileSync(new URL('../oracle/curves.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Curves>
>;
const there = torch.cuda.isAvailable();
const emulated = there && 'emulator.launches' in torch.cuda.memoryStats(0);
/** The losses of the first steps of an example. The scripts take the package as it is built, which is another copy. */
async function losses(name: string, steps: number, device: string): Promise<Losses[]> {
  const script = (await import(`../../examples/scripts/${name}.ts`)) as {
    train(settings: Settings): Generator<Losses, string>;
  };
  const training = script.train({ steps, seed: 1, device });
  return Array.from({ length: steps }, () => training.next().value as Losses);
}
function compare(got: readonly Losses[], wanted: (key: string, step: number) => number, tolerance: number): void {
  got.forEach((at, step) => {
    for (const [key, value] of Object.entries(at)) {
      const w = wanted(key, step);
      expect(Math.abs(value - w) / Math.max(1, Math.abs(w)), `${key} of step ${step}`).toBeLessThan(tolerance);
    }
  });
}

describe.runIf(there)('training on cuda:0', () => {
  // PyTorch's curves; dropout draws other numbers on a GPU, as in PyTorch, and other ones on one of more processors
  test.each([
    ['wgan-gp', 4, 1e-4],
    ['bert', 2, emulated ? 0.06 : 0.2],
  ])('%s', { timeout: 120_000 }, async (name, steps, tolerance) => {
    compare(await losses(name, steps, 'cuda:0'), (key, step) => stored[name]![key]![step]!, tolerance);
  });

  test.each([
    ['mnist-cnn', 1],
    ['nanogpt', 3],
  ])('%s without dropout', { timeout: 120_000 }, async (name, steps) => {
    const { nn } = await import('flambeau');
    const without = vi.spyOn(nn.Dropout.prototype, 'forward').mockImplementation((x) => x);
    const wanted = await losses(name, steps, 'cpu');
    const got = await losses(name, steps, 'cuda:0');
    expect(without).toHaveBeenCalled();
    without.mockRestore();
    compare(got, (key, step) => wanted[step]![key]!, 1e-4);
  });

  test('the example of digits', { timeout: 120_000 }, async () => {
    const settings: DigitsSettings = { task: 'digits', epochs: 1, batch: 20, lr: 6e-3, seed: 1 };
    const { loadDigits, subset } = await import('../../examples/digits/data.ts');
    const { Trainer } = await import('../../examples/digits/train.ts');
    const train = async (device: string): Promise<DigitsTrainer> => {
      const { train, test } = loadDigits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], device);
      const trainer = new Trainer(settings, { train: subset(train, 100), test: subset(test, 60) });
      await trainer.run();
      return trainer;
    };
    const [wanted, got] = [await train('cpu'), await train('cuda:0')];
    expect(got.model.parameters()[0]!.device.type).toBe('cuda');
    expect(got.losses).toHaveLength(5);
    got.losses.forEach((loss, i) => expect(Math.abs(loss - wanted.losses[i]!), `batch ${i}`).toBeLessThan(2e-4));
    // Adam's first steps go by the sign of what is nearly zero
    expect(Math.abs(got.history[0]!.loss - wanted.history[0]!.loss)).toBeLessThan(1e-2);
  });
});

describe.runIf(!there)('without a GPU', () => {
  test('the curves are there', () => expect(Object.keys(stored)).toEqual(expect.arrayContaining(['wgan-gp', 'bert'])));
});
