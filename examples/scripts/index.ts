// npm run example NAME: trains one of the scripts of this folder and prints its losses; `matmul` only times a product.
import { Argument, Command, InvalidArgumentError } from 'commander';
import * as torch from 'flambeau';
import type { Losses, Settings } from './data.ts';

interface Script {
  train(settings: Settings): Generator<Losses, string>;
}
/** Each with the steps that it trains unless told otherwise. */
const SCRIPTS: Readonly<Record<string, { steps: number; load(): Promise<Script> }>> = {
  'mnist-cnn': { steps: 60, load: () => import('./mnist-cnn.ts') },
  'char-lstm': { steps: 400, load: () => import('./char-lstm.ts') },
  resnet18: { steps: 20, load: () => import('./resnet18.ts') },
  nanogpt: { steps: 300, load: () => import('./nanogpt.ts') },
  vae: { steps: 300, load: () => import('./vae.ts') },
  dcgan: { steps: 200, load: () => import('./dcgan.ts') },
  'wgan-gp': { steps: 500, load: () => import('./wgan-gp.ts') },
  bert: { steps: 200, load: () => import('./bert.ts') },
};

function whole(value: string): number {
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value)))
    throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

/** `device`, if it is there; else the program ends with the reason. */
function checked(device: string): string {
  try {
    torch.empty([0], { device });
  } catch (error) {
    program.error(`--device: ${(error as Error).message.replace(/^\w+: /, '')}`);
  }
  return device;
}

interface Options {
  readonly steps?: number;
  readonly seed: number;
  readonly size: number;
  readonly device: string;
}
const program = new Command('npm run example --')
  .description('Trains a script ported from PyTorch; the Python twin lies beside it in examples/scripts.')
  .addArgument(new Argument('<name>', 'which script').choices([...Object.keys(SCRIPTS), 'matmul']))
  .option('--steps <n>', 'how many steps to train', whole)
  .option('--seed <n>', 'of the weights, the batches and the noise', whole, 1)
  .option('--size <n>', 'rows and columns of the matrices of `matmul`', whole, 10000)
  .option('--device <name>', "where to compute: 'cpu' or 'cuda:0'", 'cpu')
  .action(async (name: string, { steps, seed, size, device: wanted }: Options) => {
    const device = checked(wanted);
    if (name === 'matmul') {
      const { matmul } = await import('./matmul.ts');
      for (const line of matmul({ size, seed, device })) console.log(line);
      return;
    }
    const { steps: usual, load } = SCRIPTS[name]!;
    const count = steps ?? usual;
    const training = (await load()).train({ steps: count, seed, device });
    const start = performance.now();
    let next = training.next();
    for (let step = 1; !next.done; step++, next = training.next()) {
      if (step > 5 && step % 10 !== 0 && step !== count) continue;
      const losses = Object.entries(next.value).map(([key, value]) => `${key} ${value.toFixed(4)}`);
      console.log(`step ${String(step).padStart(4)}  ${losses.join('  ')}`);
    }
    const seconds = (performance.now() - start) / 1000;
    console.log(`${next.value}\n${count} steps in ${seconds.toFixed(1)} s`);
  });
await program.parseAsync();
