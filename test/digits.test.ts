// The example of examples/digits: it learns, goes on from a checkpoint to the last bit, reads images, and says what is wrong.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDigits, type Split, subset } from '../examples/digits/data.ts';
import { confusionMatrix, report } from '../examples/digits/draw.ts';
import { readImage } from '../examples/digits/predict.ts';
import { evaluate, type Settings, Trainer } from '../examples/digits/train.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flambeau-digits-'));
const settings: Settings = { task: 'digits', epochs: 2, batch: 40, lr: 6e-3, seed: 1 };
let all: Split;
let data: Split;
let trained: Trainer;

/** The program in one file: it starts in a third of the time. */
const bundle = join(root, 'build/digits-test.mjs');
const sources = ['--import', 'tsx', 'examples/digits/index.ts'];
function program(start: readonly string[], ...options: string[]): { status: number | null; out: string } {
  const args = [...start, '--output', folder, ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { status, out: stdout + stderr };
}
const digits = (...options: string[]): { status: number | null; out: string } => program([bundle], ...options);
const weights = (trainer: Trainer): Record<string, unknown> =>
  Object.fromEntries(Object.entries(trainer.model.stateDict()).map(([name, x]) => [name, x.toTypedArray()]));

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: ['examples/digits/index.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  });
  all = loadDigits([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  data = { train: subset(all.train, 1000), test: subset(all.test, 300) };
  trained = new Trainer(settings, data);
  await trained.run();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the split is fixed: 8,000 to learn from, 2,000 others of every digit held out', () => {
  expect(all.train.images.shape).toEqual([8000, 784]);
  expect(all.test.images.shape).toEqual([2000, 784]);
  for (let c = 0; c < 10; c++) expect(all.test.labels.eq(c).sum().item()).toBeGreaterThan(170);
});

test('two epochs of 1,000 images teach far more than chance', () => {
  expect(trained.history).toHaveLength(2);
  expect(trained.losses).toHaveLength(50);
  expect(trained.history[1]!.accuracy).toBeGreaterThan(0.8);
});

test.each([7, 25, 31])('a run stopped after %i batches and resumed ends with the same bits', async (batches) => {
  const stop = new AbortController();
  let done = 0;
  const first = new Trainer(settings, data);
  const stopped = await first.run({ batch: () => void (++done === batches && stop.abort()) }, stop.signal);
  expect(stopped).toBe(false);
  expect(done).toBe(batches);
  const file = join(folder, 'stopped.pt');
  first.save(file);
  const second = Trainer.resume(file, () => data);
  expect(await second.run()).toBe(true);
  expect(weights(second)).toEqual(weights(trained));
  expect(second.losses).toEqual(trained.losses);
  expect(second.history).toEqual(trained.history);
});

test('the picture is well-formed', () => {
  const labels = data.test.labels.tolist() as number[];
  const { predictions } = evaluate(trained.model, data.test.images, data.test.labels);
  const counts = confusionMatrix(labels, predictions, 10);
  expect(counts.flat().reduce((a, b) => a + b)).toBe(300);
  const svg = report({ losses: trained.losses, epochs: trained.history }, counts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  const open: string[] = [];
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<>]*")*) ?(\/?)>/g, (_, end, name, __, empty) => {
    if (end) expect(open.pop()).toBe(name);
    else if (!empty) open.push(name);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
});

test('a PNG of any size and colour becomes what MNIST would have', () => {
  const [index, zoom, size] = [1500, 5, 28 * 5 + 37];
  const original = all.test.images.index(index);
  const pixels = original.toTypedArray() as Float32Array;
  const draw = (paper: readonly number[], ink: readonly number[]): string => {
    const png = new PNG({ width: size, height: size });
    for (let i = 0; i < size * size; i++) {
      const [x, y] = [Math.floor((i % size) / zoom), Math.floor(i / size / zoom)];
      const p = x < 28 && y < 28 ? pixels[28 * y + x]! : 0;
      png.data.set(
        [0, 1, 2, 3].map((c) => Math.round(paper[c]! + p * (ink[c]! - paper[c]!))),
        4 * i,
      );
    }
    const file = join(folder, 'drawn.png');
    writeFileSync(file, PNG.sync.write(png));
    return file;
  };
  const white = [255, 255, 255, 255];
  for (const [paper, ink] of [
    [white, [0, 0, 120, 255]],
    [[20, 0, 0, 255], white],
    [
      [0, 0, 0, 0],
      [0, 0, 0, 255],
    ],
    [[255, 255, 255, 0], white],
  ] as const) {
    const image = readImage(draw(paper, ink));
    expect(image.shape).toEqual([784]);
    expect(image.sub(original).abs().mean().item()).toBeLessThan(0.03);
  }
  expect(() => readImage(draw(white, white))).toThrow(/is empty/);

  const file = draw(white, [0, 0, 0, 255]);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length / 2));
  expect(() => readImage(file)).toThrow(`${file} is damaged`);
  bytes.writeUInt32BE(60000, 16);
  bytes.writeUInt32BE(60000, 20);
  writeFileSync(file, bytes);
  expect(() => readImage(file)).toThrow(`${file} is too large: 60000 × 60000 pixels`);
  writeFileSync(file, 'no picture');
  expect(() => readImage(file)).toThrow(`${file} is not a PNG`);
});

test('the program trains, writes its files, and reads images by its weights', () => {
  const run = program(sources, '--zero-one', '--epochs', '2'); // as users do
  expect(run.out).toMatch(/epoch 2\/2 .* accuracy 9\d\.\d\d %/);
  expect(run.status).toBe(0);
  expect(readFileSync(join(folder, 'zero-one.svg'), 'utf8')).toContain('</svg>');
  const answer = digits('--zero-one', '--predict', '0');
  expect(answer.out).toContain('This is a 0 (it is a 0)');
  expect(answer.status).toBe(0);
  const other = digits('--model', join(folder, 'zero-one.safetensors'), '--predict', '0');
  expect(other.out).toMatch(/the weights of another network: was it trained with --zero-one/);
  expect(other.status).toBe(1);
});

test.skipIf(process.platform === 'win32')('Ctrl-C leaves a checkpoint, and says how to go on', async () => {
  const args = [bundle, '--output', folder, '--zero-one', '--epochs', '9999'];
  const run = spawn(process.execPath, args, { cwd: root });
  let out = '';
  run.stdout.on('data', (text) => {
    if (!out.includes('epoch    2/') && `${out}${text}`.includes('epoch    2/')) run.kill('SIGINT');
    out += text;
  });
  expect(await new Promise((resolve) => run.on('close', resolve))).toBe(130);
  expect(out).toContain(`npm run digits -- --resume --output ${folder}`);
  expect(existsSync(join(folder, 'checkpoint.pt'))).toBe(true);
  const wrong = digits('--resume', '--epochs', '3');
  expect(wrong.out).toMatch(/^error: --resume: the checkpoint's --epochs is 9999, not 3\n$/);
});

test('whoever reads the output may stop reading', async () => {
  const args = [bundle, '--output', folder, '--zero-one'];
  const run = spawn(process.execPath, args, { cwd: root });
  let errors = '';
  run.stderr.on('data', (text) => {
    errors += text;
  });
  run.stdout.once('data', () => run.stdout.destroy());
  expect(await new Promise((resolve) => run.on('close', resolve))).toBe(0);
  expect(errors).toBe('');
});

test.each<[string, string[], RegExp]>([
  ['an unknown option', ['--unheard-of', '1'], /unknown option '--unheard-of'/],
  ['a number of epochs that is none', ['--epochs', '-3'], /'--epochs <n>' argument '-3' is invalid/],
  ['a device that is no device', ['--device', 'gpu'], /'gpu'/],
  ['a GPU where there is none', ['--device', 'cuda:99'], /error: .*'cuda:99' is not available/],
  [
    'weights that are not there',
    ['--model', '/nowhere/w.safetensors', '--predict', '1'],
    /no weights in .*train first/,
  ],
  ['weights by another name', ['--model', 'resnet'], /'resnet' is invalid\. It must be a file NAME\.safetensors/],
  [
    'a place where nothing can be written',
    ['--output', join(root, 'package.json', 'x')],
    /package\.json is not a folder/,
  ],
  ['a learning rate that leads to NaN', ['--zero-one', '--lr', '1e30'], /the loss is NaN in epoch 1, .*lower --lr/],
  ['two things at once', ['--predict', '1', '--resume'], /cannot be used with option '--resume'/],
  ['an image that is not there', ['--zero-one', '--predict', 'nothing.png'], /there is no file nothing\.png/],
  ['nothing to resume', ['--output', '/nowhere', '--resume'], /there is no checkpoint/],
])('%s is a clear error', (_, options, message) => {
  const { status, out } = digits(...options);
  expect(out).toMatch(message);
  expect(
    out
      .trimEnd()
      .split('\n')
      .filter((line) => !/^\d+ digits to learn|^on cpu/.test(line)),
  ).toHaveLength(1);
  expect([1, 2]).toContain(status);
});
