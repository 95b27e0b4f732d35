// Handwritten digits: `npm run digits` trains a network to read them, `npm run digits -- --predict 7.png` reads one.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import * as torch from 'flambeau';
import { loadDigits } from './data.ts';
import { barLines, beside, confusionMatrix, imageLines, report } from './draw.ts';
import { TASKS } from './model.ts';
import { predict, readImage } from './predict.ts';
import { progress } from './progress.ts';
import { evaluate, type Settings, Trainer } from './train.ts';

interface Options {
  zeroOne: boolean;
  epochs?: number;
  batch?: number;
  lr?: number;
  seed: number;
  device: string;
  model?: string;
  output: string;
  predict?: string;
  resume: boolean;
}

function positive(value: string): number {
  const n = Number(value);
  if (!(n > 0 && Number.isFinite(n))) throw new InvalidArgumentError('It must be a number above 0.');
  return n;
}
function whole(value: string): number {
  if (!/^\d+$/.test(value) || Number(value) > 1e9) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}
function count(value: string): number {
  if (whole(value) === 0) throw new InvalidArgumentError('It must be at least 1.');
  return Number(value);
}

const { digits } = TASKS;
const program = new Command('npm run digits --')
  .description(
    'Trains a network on 8,000 handwritten digits, tests it on 2,000 others, and reads digits from PNG files.',
  )
  .option('--predict <png|index>', 'say which digit a PNG file, or an image of the test set, shows')
  .option('--zero-one', 'only tell 0 from 1, with a single linear layer', false)
  .option('--epochs <n>', `how often to go through all images (default: ${digits.epochs})`, count)
  .option('--batch <n>', `images in a step of training (default: ${digits.batch})`, count)
  .option('--lr <rate>', `highest learning rate (default: ${digits.lr})`, positive)
  .option('--seed <n>', 'seed of the initial weights, the order and the shifts', whole, 0)
  .option('--device <name>', "where to compute: 'cpu' or 'cuda:0'", 'cpu')
  .option('--model <file>', 'the weights to write, or with --predict to read (default: OUTPUT/digits.safetensors)')
  .option('--output <folder>', 'where the results and the checkpoint go', 'digits-output')
  .option('--resume', 'go on from the checkpoint that Ctrl-C has left', false)
  .allowExcessArguments(false);

const weightsFile = (options: Options, task: Settings['task']): string =>
  options.model ?? join(options.output, `${task}.safetensors`);

/** Says which digit is in an image. */
function answer(what: string, options: Options): void {
  const task = options.zeroOne ? 'zero-one' : 'digits';
  const weights = weightsFile(options, task);
  if (!existsSync(weights)) {
    throw new Error(
      `there are no weights in ${weights}: train first, with npm run digits${options.zeroOne ? ' -- --zero-one' : ''}`,
    );
  }
  const { digits: classes } = TASKS[task];
  let image: torch.Tensor; // (784)
  let truth = '';
  if (/^\d+$/.test(what)) {
    const { images, labels } = loadDigits(classes).test;
    const n = labels.numel();
    if (Number(what) >= n) throw new Error(`the test set has the images 0 to ${n - 1}, not ${what}`);
    image = images.index(Number(what));
    truth = ` (it is a ${classes[labels.index(Number(what)).item() as number]})`;
  } else {
    if (!existsSync(what)) throw new Error(`there is no file ${what}`);
    image = readImage(what);
  }
  const probabilities = predict(image, task, weights, options.device);
  const best = probabilities.indexOf(Math.max(...probabilities));
  console.log(beside([imageLines(image.toTypedArray() as Float32Array), ['', ...barLines(classes, probabilities)]]));
  console.log(`\nThis is a ${classes[best]}${truth}`);
}

/** Trains, tests and writes the results. */
async function train(options: Options): Promise<void> {
  const checkpoint = join(options.output, 'checkpoint.pt');
  let trainer: Trainer;
  if (options.resume) {
    if (!existsSync(checkpoint)) throw new Error(`--resume: there is no checkpoint ${checkpoint}: Ctrl-C writes it`);
    trainer = Trainer.resume(checkpoint, (saved) => loadDigits(TASKS[saved.task].digits, options.device));
    checkSame(trainer.settings);
  } else {
    const task = options.zeroOne ? 'zero-one' : 'digits';
    const { epochs, batch, lr } = { ...TASKS[task], ...options };
    trainer = new Trainer(
      { task, epochs, batch, lr, seed: options.seed },
      loadDigits(TASKS[task].digits, options.device),
    );
  }
  const { settings, model } = trainer;
  const classes = TASKS[settings.task].digits;
  const { test } = trainer.data;
  const parameters = model.parameters().reduce((sum, p) => sum + p.numel(), 0);
  const [learn, held] = [trainer.data.train.labels.numel(), test.labels.numel()];
  console.log(
    `${learn} images to learn from, ${held} held out; ${parameters} parameters; seed ${settings.seed}; ` +
      `${options.device}, ${torch.getNumThreads()} threads`,
  );

  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort()); // a second Ctrl-C ends the process at once
  const start = performance.now();
  const bar = progress(settings.epochs);
  const finished = await trainer.run(bar, stop.signal);
  bar.stop();
  mkdirSync(options.output, { recursive: true });
  if (!finished) {
    trainer.save(checkpoint);
    console.log(`\nStopped. Go on with: npm run digits -- --resume   (from ${relative('.', checkpoint)})`);
    process.exitCode = 130;
    return;
  }
  const seconds = (performance.now() - start) / 1000;

  const result = evaluate(model, test.images, test.labels);
  const labels = test.labels.tolist() as number[];
  const right = result.predictions.filter((p, i) => p === labels[i]).length;
  console.log(
    `\n${right} of ${held} held-out digits right: ${(100 * result.accuracy).toFixed(2)} %, in ${seconds.toFixed(1)} s\n`,
  );
  const wrong = labels.flatMap((label, i) => (label === result.predictions[i] ? [] : [i]));
  const some = [0.15, 0.45, 0.75].map((share) => Math.floor(share * held));
  for (const row of [some, wrong.slice(0, 3)]) {
    if (row.length === 0) continue;
    const pictures = row.map((i) => {
      const seen = classes[result.predictions[i]!];
      const mark = result.predictions[i] === labels[i] ? 'right' : `no, a ${classes[labels[i]!]}`;
      const note = ['', '', `${seen} ?`, mark, `${(100 * result.confidences[i]!).toFixed(0)} %`, `#${i}`];
      return [...beside([imageLines(test.images.index(i).toTypedArray() as Float32Array, 4), note], ' ').split('\n')];
    });
    console.log(`${beside(pictures)}\n`);
  }

  const weights = weightsFile(options, settings.task);
  mkdirSync(dirname(weights), { recursive: true });
  torch.saveSafetensors(model.stateDict(), weights, { task: settings.task, accuracy: result.accuracy.toFixed(4) });
  const picture = join(options.output, `${settings.task}.svg`);
  const counts = confusionMatrix(labels, result.predictions, classes.length);
  writeFileSync(picture, report({ losses: trainer.losses, epochs: trainer.history }, counts, classes));
  console.log(`weights: ${relative('.', weights)}   loss and confusions: ${relative('.', picture)}`);
  console.log(`try: npm run digits -- --predict ${wrong[0] ?? 0}${settings.task === 'zero-one' ? ' --zero-one' : ''}`);
}

/** A resumed run is determined by its checkpoint: options that contradict it are an error. */
function checkSame(settings: Settings): void {
  const options = program.opts<Options>();
  for (const name of ['epochs', 'batch', 'lr', 'seed'] as const) {
    if (program.getOptionValueSource(name) === 'cli' && options[name] !== settings[name]) {
      throw new Error(`--resume: the checkpoint's --${name} is ${settings[name]}, not ${options[name]}`);
    }
  }
  if (options.zeroOne && settings.task !== 'zero-one') throw new Error('--resume: the checkpoint is not of --zero-one');
}

const options = program.parse().opts<Options>();
try {
  torch.empty([0], { device: options.device }); // says now, not after loading, if the device is not there
  if (options.predict !== undefined) answer(options.predict, options);
  else await train(options);
} catch (error) {
  if (process.env.DEBUG) throw error;
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
