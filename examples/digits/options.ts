// The command line: options, their checks, and the files that they name. Called by index.ts.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import * as torch from 'flambeau';
import { TASKS } from './model.ts';
import type { Settings } from './train.ts';

export interface Options {
  zeroOne?: true;
  epochs?: number;
  batch?: number;
  lr?: number;
  seed: number;
  device: string;
  model?: string;
  output: string;
  predict?: string;
  resume?: true;
}

function positive(value: string): number {
  const n = value.trim() === '' ? NaN : Number(value);
  if (!(n > 0 && Number.isFinite(n))) throw new InvalidArgumentError('It must be a number above 0.');
  return n;
}
const whole =
  (low: number, high: number) =>
  (value: string): number => {
    const n = /^\d+$/.test(value) ? Number(value) : NaN;
    if (!(n >= low && n <= high)) throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    return n;
  };
function weights(value: string): string {
  if (!value.endsWith('.safetensors')) throw new InvalidArgumentError('It must be a file NAME.safetensors.');
  return value;
}

const { digits } = TASKS;
const OUTPUT = 'digits-output';
const program = new Command('npm run digits --')
  .description(
    'Trains a network on 8,000 handwritten digits, tests it on 2,000 others, and reads digits from PNG files.',
  )
  .addOption(
    new Option('--predict <png|index>', 'say which digit a PNG file, or an image of the test set, shows').conflicts([
      'resume',
      'epochs',
      'batch',
      'lr',
      'seed',
    ]),
  )
  .option('--zero-one', 'only tell 0 from 1, with a single linear layer')
  .option('--epochs <n>', `how often to go through all images (default: ${digits.epochs})`, whole(1, 1e6))
  .option('--batch <n>', `images in a step of training (default: ${digits.batch})`, whole(1, 1e6))
  .option('--lr <rate>', `highest learning rate (default: ${digits.lr})`, positive)
  .option('--seed <n>', 'of the initial weights, the order and the shifts', whole(0, Number.MAX_SAFE_INTEGER), 0)
  .option('--device <name>', "where to compute: 'cpu' or 'cuda:0'", 'cpu')
  .option('--model <file>', 'weights to write, or to --predict with (default: OUTPUT/digits.safetensors)', weights)
  .option('--output <folder>', 'where the results and the checkpoint go', OUTPUT)
  .option('--resume', 'go on from the checkpoint that Ctrl-C has left')
  .allowExcessArguments(false);

/** Reads the command line; a wrong one ends the process with what is wrong. */
export const readOptions = (): Options => program.parse().opts<Options>();

export const taskOf = (options: Options): Settings['task'] => (options.zeroOne ? 'zero-one' : 'digits');
export const weightsFile = (options: Options, task: Settings['task']): string =>
  options.model ?? join(options.output, `${task}.safetensors`);

/** The command that goes on with the files of this one. */
export function command(options: Options, ...more: string[]): string {
  const places = [...(options.output === OUTPUT ? [] : ['--output', options.output])];
  if (options.model !== undefined) places.push('--model', options.model);
  const args = [...more, ...places].map((arg) =>
    /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`,
  );
  return args.length === 0 ? 'npm run digits' : `npm run digits -- ${args.join(' ')}`;
}

/** Throws, before anything is loaded, where the device is not there. */
export function checkDevice(device: string): void {
  try {
    torch.empty([0], { device });
  } catch (error) {
    throw new Error(`--device: ${(error as Error).message.replace(/^\w+: /, '')}`, { cause: error });
  }
}

/** Throws where `file` is not a file. */
export function checkFile(file: string, missing: string): void {
  if (!existsSync(file)) throw new Error(missing);
  if (!statSync(file).isFile()) throw new Error(`${file} is not a file`);
}

/** Makes the folder of a file to be written, and throws where that, or writing, would fail after the training. */
export function checkWritable(file: string): void {
  const make = (folder: string): void => {
    if (existsSync(folder)) {
      if (!statSync(folder).isDirectory()) throw new Error(`${folder} is not a folder`);
      return;
    }
    make(dirname(folder)); // one at a time: some versions of Node never return from `recursive` in /proc
    mkdirSync(folder);
  };
  try {
    const folder = dirname(resolve(file));
    make(folder);
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (existsSync(file)) {
      if (!statSync(file).isFile()) throw new Error('it is not a file');
      accessSync(file, constants.W_OK);
    }
  } catch (error) {
    throw new Error(`${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/** A resumed run is determined by its checkpoint: options that contradict it are an error. */
export function checkSame(options: Options, settings: Settings): void {
  for (const name of ['epochs', 'batch', 'lr', 'seed'] as const) {
    if (program.getOptionValueSource(name) === 'cli' && options[name] !== settings[name]) {
      throw new Error(`--resume: the checkpoint's --${name} is ${settings[name]}, not ${options[name]}`);
    }
  }
  if (options.zeroOne && settings.task !== 'zero-one') throw new Error('--resume: the checkpoint is not of --zero-one');
}
