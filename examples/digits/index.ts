// Handwritten digits: `npm run digits` trains a network to read them, `npm run digits -- --predict 7.png` reads one.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as torch from 'flambeau';
import { loadDigits } from './data.ts';
import { barLines, beside, confusionMatrix, imageLines, report } from './draw.ts';
import { TASKS } from './model.ts';
import {
  checkDevice,
  checkFile,
  checkSame,
  checkWritable,
  command,
  type Options,
  readOptions,
  taskOf,
  weightsFile,
} from './options.ts';
import { predict, readImage } from './predict.ts';
import { progress } from './progress.ts';
import { type Evaluation, evaluate, Trainer } from './train.ts';

/** Says which digit is in an image. */
function answer(what: string, options: Options): void {
  const task = taskOf(options);
  const zeroOne = options.zeroOne ? ['--zero-one'] : [];
  const weights = weightsFile(options, task);
  checkFile(weights, `there are no weights in ${weights}: train first, with ${command(options, ...zeroOne)}`);
  const { digits: classes } = TASKS[task];
  let image: torch.Tensor; // (784)
  let truth = '';
  if (/^-?\d+$/.test(what)) {
    const { images, labels } = loadDigits(classes).test;
    const n = labels.numel();
    const index = Number(what);
    if (!(index >= 0 && index < n)) throw new Error(`the test set has the images 0 to ${n - 1}, not ${what}`);
    image = images.index(index);
    truth = ` (it is a ${classes[labels.index(index).item() as number]})`;
  } else {
    checkFile(what, `there is no file ${what === '' ? "''" : what}`);
    image = readImage(what);
  }
  const probabilities = predict(image, task, weights, options.device);
  const best = probabilities.indexOf(Math.max(...probabilities));
  console.log(beside([imageLines(image.toTypedArray() as Float32Array), ['', ...barLines(classes, probabilities)]]));
  console.log(`\nThis is a ${classes[best]}${truth}`);
}

/** Some test images beside what the network takes them for, and some that it gets wrong: as many as fit side by side. */
function showSome(images: torch.Tensor, labels: readonly number[], seen: Evaluation, classes: readonly number[]): void {
  const some = [0.15, 0.45, 0.75].map((share) => Math.floor(share * labels.length));
  const wrong = labels.flatMap((label, i) => (label === seen.predictions[i] ? [] : [i])).slice(0, 3);
  for (const row of [some, wrong]) {
    let shown = '';
    for (let n = 1; n <= row.length; n++) {
      const pictures = row.slice(0, n).map((i) => {
        const right = seen.predictions[i] === labels[i];
        const mark = right ? 'right' : `no, a ${classes[labels[i]!]}`;
        const percent = `${(100 * seen.confidences[i]!).toFixed(0)} %`;
        const note = ['', '', `${classes[seen.predictions[i]!]} ?`, mark, percent, `#${i}`];
        const picture = imageLines(images.index(i).toTypedArray() as Float32Array, 4);
        return beside([picture, note], ' ').split('\n');
      });
      const wider = beside(pictures);
      if (n > 1 && Math.max(...wider.split('\n').map((line) => line.length)) > (process.stdout.columns ?? 120)) break;
      shown = wider;
    }
    if (shown !== '') console.log(`${shown}\n`);
  }
}

/** Trains, tests and writes the results. */
async function train(options: Options): Promise<void> {
  const checkpoint = join(options.output, 'checkpoint.pt');
  let trainer: Trainer;
  if (options.resume) {
    checkFile(checkpoint, `--resume: there is no checkpoint ${checkpoint}: Ctrl-C writes it`);
    trainer = Trainer.resume(checkpoint, (saved) => loadDigits(TASKS[saved.task].digits, options.device));
    checkSame(options, trainer.settings);
  } else {
    const task = taskOf(options);
    const { epochs, batch, lr } = { ...TASKS[task], ...options };
    trainer = new Trainer(
      { task, epochs, batch, lr, seed: options.seed },
      loadDigits(TASKS[task].digits, options.device),
    );
  }
  const { settings, model } = trainer;
  const weights = weightsFile(options, settings.task);
  const picture = join(options.output, `${settings.task}.svg`);
  for (const file of [checkpoint, weights, picture]) checkWritable(file);
  const { digits: classes } = TASKS[settings.task];
  const { test } = trainer.data;
  const parameters = model.parameters().reduce((sum, p) => sum + p.numel(), 0);
  const [learn, held] = [trainer.data.train.labels.numel(), test.labels.numel()];
  const threads = torch.getNumThreads();
  console.log(
    `${learn} digits to learn from, ${held} held out; ${parameters} parameters; seed ${settings.seed}\n` +
      `on ${options.device}${options.device === 'cpu' ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`,
  );

  const stop = new AbortController();
  const bar = progress(settings.epochs);
  process.once('SIGINT', () => {
    stop.abort();
    process.once('SIGINT', () => {
      bar.stop();
      console.log('\nStopped at once, without a checkpoint');
      process.exit(130);
    });
  });
  const start = performance.now();
  const finished = await trainer.run(bar, stop.signal).finally(bar.stop);
  if (!finished) {
    trainer.save(checkpoint);
    console.log(`\nStopped; the state is in ${checkpoint}. To go on:\n${command(options, '--resume')}`);
    process.exitCode = 130;
    return;
  }
  const seconds = (performance.now() - start) / 1000;

  const result = evaluate(model, test.images, test.labels);
  const labels = test.labels.tolist() as number[];
  const wrong = labels.flatMap((label, i) => (label === result.predictions[i] ? [] : [i]));
  console.log(
    `\n${held - wrong.length} of ${held} held-out digits right: ${(100 * result.accuracy).toFixed(2)} %, ` +
      `in ${seconds.toFixed(1)} s\n`,
  );
  showSome(test.images, labels, result, classes);

  torch.saveSafetensors(model.stateDict(), weights, { task: settings.task, accuracy: result.accuracy.toFixed(4) });
  const counts = confusionMatrix(labels, result.predictions, classes.length);
  writeFileSync(picture, report({ losses: trainer.losses, epochs: trainer.history }, counts, classes));
  if (options.resume) rmSync(checkpoint); // it has served
  console.log(`weights: ${weights}\nloss and confusions: ${picture}`);
  const zeroOne = settings.task === 'zero-one' ? ['--zero-one'] : [];
  console.log(`try: ${command(options, '--predict', String(wrong[0] ?? 0), ...zeroOne)}`);
}

// whoever reads the output may have enough of it, as `head` does
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
const options = readOptions();
try {
  checkDevice(options.device);
  if (options.predict !== undefined) answer(options.predict, options);
  else await train(options);
} catch (error) {
  if (process.env.DEBUG) throw error;
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
