// torch.vision: transforms and grids as torchvision's and Pillow's, datasets read from files in their real formats.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import Module from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test, vi } from 'vitest';
import * as torch from '../lib/index.ts';

const { transforms: T, datasets, utils, Image } = torch.vision;
interface Stored {
  readonly shape: readonly number[];
  readonly bytes?: string;
  readonly floats?: string;
}
interface Case {
  readonly name: keyof typeof T;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly [kind: string]: unknown;
}
const oracle = JSON.parse(readFileSync(new URL('./oracle/torchvision.json', import.meta.url), 'utf8')) as {
  picture: { height: number; width: number; data: string };
  cases: readonly Case[];
  nearest: readonly (readonly [kind: 'image' | 'tensor', from: number, to: number, taken: readonly number[]])[];
  cifar: { batch: string; meta: string; sum: readonly number[] };
  jpeg: { file: string; pixels: string };
  fake: readonly (readonly [readonly number[], number])[];
  grid: readonly Stored[];
};
const unpacked = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const { height, width } = oracle.picture;
const rgb = new Image(unpacked(oracle.picture.data), width, height, 3);
const grey = new Image(
  rgb.data.filter((_, i) => i % 3 === 0),
  width,
  height,
);
const bytes = T.functional.pilToTensor(rgb);
const pictures = { rgb, grey, bytes, floats: T.functional.toTensor(rgb) };
const root = mkdtempSync(join(tmpdir(), 'flambeau-vision-'));
afterAll(() => rmSync(root, { recursive: true }));

const valuesOf = ({ bytes: b, floats }: Stored): number[] =>
  b !== undefined
    ? [...unpacked(b)]
    : (torch.frombuffer(unpacked(floats!), { dtype: 'float16' }).to('float32').tolist() as number[]);
/** The largest difference of a picture from a stored one. */
function distance(got: torch.Tensor | InstanceType<typeof Image>, stored: Stored): number {
  const list = got instanceof Image ? [...got.data] : (got.flatten().tolist() as number[]);
  const shape = got instanceof Image ? [got.height, got.width, ...(got.channels > 1 ? [got.channels] : [])] : got.shape;
  expect([...shape]).toEqual(stored.shape);
  return valuesOf(stored).reduce((most, v, i) => Math.max(most, Math.abs(v - list[i]!)), 0);
}

const flat = (x: torch.Tensor | InstanceType<typeof Image>): torch.Tensor =>
  x instanceof Image ? torch.tensor(x.data) : x.flatten();

describe("transforms are torchvision's", () => {
  for (const [i, c] of oracle.cases.entries()) {
    const label = `${i} ${c.name} ${JSON.stringify(c.args)} ${JSON.stringify(c.options)}`;
    test(label, () => {
      const t = Reflect.construct(T[c.name] as new () => object, [
        ...c.args,
        c.options,
      ]) as torch.vision.transforms.Transform<unknown, torch.Tensor>;
      const far: string[] = [];
      for (const [kind, picture] of Object.entries(pictures)) {
        if (c[kind] === undefined) continue;
        torch.manualSeed(7);
        let got = t.forward(picture);
        if (Array.isArray(got)) got = torch.cat(got.map((x) => flat(x as torch.Tensor)));
        const d = distance(got, c[kind] as Stored);
        // resampled bytes may round the other way
        if (d > (kind === 'floats' ? 1e-3 : /Resize|Blur/.test(c.name) ? 1 : 0)) far.push(`${kind}: ${d}`);
        expect(torch.rand(1).item(), `${kind}: draws`).toBeCloseTo(c[`next ${kind}`] as number, 6);
      }
      expect(far).toEqual([]);
    });
  }
});

test('the nearest pixels are those of Pillow and of interpolate', () => {
  for (const [kind, from, to, taken] of oracle.nearest) {
    const line = torch.arange(from).to('uint8').view(1, 1, from);
    const picture = kind === 'image' ? T.functional.toPilImage(line) : line;
    const got = T.functional.resize<torch.Tensor | InstanceType<typeof Image>>(picture, [1, to], 'nearest');
    expect(flat(got).tolist(), `${kind} ${from} ${to}`).toEqual(taken);
  }
});

describe('pictures', () => {
  test('are converted, written and read', () => {
    expect(T.functional.toPilImage(pictures.floats).data).toEqual(rgb.data);
    expect(new T.ToPILImage().forward(bytes).data).toEqual(rgb.data);
    expect(new T.ConvertImageDtype('float32').forward(bytes).sub(pictures.floats).abs().max().item()).toBe(0);
    for (const mode of ['L', 'LA', 'RGB', 'RGBA'] as const) {
      const picture = rgb.convert(mode);
      picture.save(join(root, `${mode}.png`));
      expect(Image.open(join(root, `${mode}.png`))).toEqual(picture);
    }
    expect(torch.vision.io.readImage(join(root, 'RGB.png')).equal(bytes)).toBe(true);
    expect(() => Image.open(join(root, 'none.png'))).toThrow(/ENOENT/);
    writeFileSync(join(root, 'text.png'), 'this is text');
    expect(() => Image.open(join(root, 'text.png'))).toThrow(torch.FileFormatError);
  });
  test('JPEG is decoded as Pillow decodes it', () => {
    writeFileSync(join(root, 'a.jpg'), unpacked(oracle.jpeg.file));
    const image = Image.open(join(root, 'a.jpg'));
    expect(image.size).toEqual([40, 24]);
    const wanted = unpacked(oracle.jpeg.pixels);
    expect(Math.max(...image.data.map((v, i) => Math.abs(v - wanted[i]!)))).toBeLessThanOrEqual(2);
  });
  test('grids', () => {
    const x = torch.arange(60, { dtype: 'float32' }).view(5, 3, 2, 2).div(50);
    const grids = [
      utils.makeGrid(x, { nrow: 3, padding: 1, padValue: 0.5 }),
      utils.makeGrid(x, 2, { normalize: true }),
      utils.makeGrid(x.unbind(0), { normalize: true, scaleEach: true, valueRange: [0.1, 0.7] }),
      utils.makeGrid(x.index(':', ':1')),
    ];
    for (const [i, grid] of grids.entries()) expect(distance(grid, oracle.grid[i]!)).toBeLessThan(1e-3);
    utils.saveImage(x, join(root, 'grid.png'), { nrow: 3, padding: 1 });
    expect(Image.open(join(root, 'grid.png')).size).toEqual([10, 7]);
    utils.saveImage(x, join(root, 'grid.webp'));
    expect(Image.open(join(root, 'grid.webp')).size).toEqual([22, 6]);
    expect(() => utils.makeGrid(torch.ones(2, 2, 2, 2, 2))).toThrow(torch.ShapeError);
  });
});

const idx = (sizes: readonly number[], values: ArrayLike<number>): Uint8Array => {
  const out = Buffer.alloc(4 + 4 * sizes.length + values.length);
  out.set([0, 0, 8, sizes.length]);
  for (const [i, n] of sizes.entries()) out.writeUInt32BE(n, 4 + 4 * i);
  out.set(Array.from(values), 4 + 4 * sizes.length);
  return out;
};
describe('datasets', () => {
  const pixels = Uint8Array.from({ length: 3 * 4 }, (_, i) => i * 20);
  test('MNIST and its kin, packed and not', () => {
    expect(() => new datasets.MNIST(root, { download: true })).toThrow(
      /MNIST: train-images-idx3-ubyte is not in .*raw, and nothing is downloaded by this library: get https.*\.gz and https.* and put them there/,
    );
    const folder = join(root, 'FashionMNIST', 'raw');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 't10k-images-idx3-ubyte'), idx([3, 2, 2], pixels));
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), idx([3], [9, 0, 4]));
    const set = new datasets.FashionMNIST<torch.Tensor>(root, false, new T.ToTensor());
    expect(set.length).toBe(3);
    expect(set.classes[9]).toBe('Ankle boot');
    expect(set.get(-1)[1]).toBe(4);
    expect(set.get(1)[0].mul(255).round().tolist()).toEqual([
      [
        [80, 100],
        [120, 140],
      ],
    ]);
    // packed files are checked, and a damaged one named
    writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(idx([3, 2, 2], pixels)));
    writeFileSync(join(folder, 'train-labels-idx1-ubyte.gz'), gzipSync(idx([3], [9, 0, 4])));
    expect(() => new datasets.FashionMNIST(root)).toThrow(
      /train-images.*gz is damaged or another file: its MD5 is .* instead of 8d4fb7e6/,
    );
    writeFileSync(join(folder, 't10k-labels-idx1-ubyte'), idx([2], [9, 0]));
    expect(() => new datasets.FashionMNIST(root, { train: false })).toThrow(torch.FileFormatError);
    const letters = join(root, 'EMNIST', 'raw');
    mkdirSync(letters, { recursive: true });
    writeFileSync(join(letters, 'emnist-letters-train-images-idx3-ubyte.gz'), gzipSync(idx([3, 2, 2], pixels)));
    writeFileSync(join(letters, 'emnist-letters-train-labels-idx1-ubyte.gz'), gzipSync(idx([3], [1, 2, 26])));
    const emnist = new datasets.EMNIST(root, { split: 'letters', targetTransform: (y: number) => emnistName(y) });
    expect(emnist.get(2)[1]).toBe('z');
    expect(emnist.get(0)[0].size).toEqual([2, 2]);
  });
  const emnistName = (y: number): string => ['N/A', ...'abcdefghijklmnopqrstuvwxyz'][y]!;

  test('CIFAR, pickled and binary', () => {
    const python = join(root, 'cifar-10-batches-py');
    mkdirSync(python);
    writeFileSync(join(python, 'test_batch'), unpacked(oracle.cifar.batch));
    writeFileSync(join(python, 'batches.meta'), unpacked(oracle.cifar.meta));
    expect(() => new datasets.CIFAR10(root, false)).toThrow(/test_batch is damaged or another file: its MD5 is/);
    // the same file under the other dataset's name, whose checksum is not known for a binary one
    const binary = join(root, 'cifar-100-binary');
    mkdirSync(binary);
    const record = (coarse: number, fine: number): number[] => [
      coarse,
      fine,
      ...Array.from({ length: 3072 }, (_, i) => i % 251),
    ];
    writeFileSync(join(binary, 'test.bin'), Uint8Array.from([...record(1, 42), ...record(2, 7)]));
    writeFileSync(join(binary, 'fine_label_names.txt'), 'apple\npear\n');
    const set = new datasets.CIFAR100(root, { train: false });
    expect([set.length, set.get(0)[1], set.get(1)[1], set.classToIdx]).toEqual([2, 42, 7, { apple: 0, pear: 1 }]);
    const image = set.get(0)[0];
    expect([image.mode, ...image.data.subarray(0, 4)]).toEqual(['RGB', 0, 1024 % 251, 2048 % 251, 1]);
    expect(() => new datasets.CIFAR100(root)).toThrow(
      /cifar-100-python.tar.gz or .*cifar-100-binary.tar.gz and unpack it in/,
    );
  });

  test('folders', () => {
    const folder = join(root, 'folder');
    for (const name of ['dog/b.png', 'dog/a.png', 'cat/x/1.png', 'cat/notes.txt']) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      if (name.endsWith('png')) rgb.save(join(folder, name));
      else writeFileSync(join(folder, name), '');
    }
    const set = new datasets.ImageFolder<torch.Tensor>(folder, {
      transform: new T.Compose([new T.Resize(6), new T.ToTensor()]),
    });
    expect([set.classes, set.targets, set.classToIdx]).toEqual([['cat', 'dog'], [0, 1, 1], { cat: 0, dog: 1 }]);
    expect(set.samples.map(([path]) => path.slice(folder.length + 1).replaceAll('\\', '/'))).toEqual([
      'cat/x/1.png',
      'dog/a.png',
      'dog/b.png',
    ]);
    expect(set.get(2)[0].shape).toEqual([3, 6, 7]);
    // it travels to workers with its transforms
    const loader = new torch.utils.data.DataLoader(set, { batchSize: 2, numWorkers: 1 });
    expect([...loader].map(([x, y]) => [x.shape, y.tolist()])).toEqual([
      [
        [2, 3, 6, 7],
        [0, 1],
      ],
      [[1, 3, 6, 7], [1]],
    ]);
    mkdirSync(join(folder, 'bird'));
    expect(() => new datasets.ImageFolder(folder)).toThrow(/found no valid file for the classes bird/);
    expect(new datasets.ImageFolder(folder, { allowEmpty: true }).length).toBe(3);
    expect(() => new datasets.ImageFolder(join(folder, 'dog'))).toThrow(/couldn't find any class folder/);
    const texts = new datasets.DatasetFolder<string>(folder, (path) => path.slice(-9), null, {
      isValidFile: (p) => p.endsWith('.txt'),
      allowEmpty: true,
    });
    expect(texts.get(0)).toEqual(['notes.txt', 1]);
  }, 60_000);

  test("fake pictures are torchvision's", () => {
    torch.manualSeed(1);
    const before = torch.rand(1).item();
    torch.manualSeed(1);
    const set = new datasets.FakeData(5, [3, 2, 3], { randomOffset: 2 });
    expect([0, 1, 2, 3, 4].map((i) => [[...set.get(i)[0].data], set.get(i)[1]])).toEqual(oracle.fake);
    expect(torch.rand(1).item()).toBe(before);
  });
});

test('a sharp that does not load, or ends its thread, is an error', async () => {
  const resolve = Reflect.get(Module, '_resolveFilename') as (name: string, ...rest: unknown[]) => string;
  const file = join(root, 'sharp.cjs');
  try {
    for (const [code, message] of [
      ["throw new Error('no binary for this machine');", /^open: the package 'sharp' cannot be loaded: no binary for/],
      ['module.exports = () => process.exit(1);', /^open: the thread that reads and writes images has ended/],
    ] as const) {
      writeFileSync(file, code);
      Reflect.set(Module, '_resolveFilename', (name: string, ...rest: unknown[]) =>
        name === 'sharp' ? file : resolve(name, ...rest),
      );
      vi.resetModules();
      const { decodeImage } = await import('../lib/vision/codec.ts');
      for (let i = 0; i < 2; i++) expect(() => decodeImage('open', new Uint8Array(9))).toThrow(message);
    }
  } finally {
    Reflect.set(Module, '_resolveFilename', resolve);
    vi.resetModules();
  }
});

test('what cannot be is refused', () => {
  const bad: [() => unknown, new (message: string) => Error, RegExp][] = [
    [() => new T.ToTensor().forward(torch.ones(2) as never), TypeError, /^ToTensor: pic should be an image/],
    [() => new T.Normalize([0], [0]).forward(torch.ones(1, 2, 2)), RangeError, /std evaluated to zero/],
    [
      () => new T.Normalize([0, 1], [1, 1]).forward(torch.ones(3, 2, 2)),
      torch.ShapeError,
      /2 values of mean for 3 channels/,
    ],
    [() => new T.RandomCrop(9).forward(torch.ones(3, 8, 8)), RangeError, /larger than input image size/],
    [() => new T.ColorJitter(-1), RangeError, /non negative/],
    [() => new T.ColorJitter({ hue: 0.6 }), RangeError, /hue values should be between/],
    [() => new T.GaussianBlur(4), RangeError, /^GaussianBlur: kernel_size should have odd and positive integers/],
    [() => new T.GaussianBlur(3, 0), RangeError, /^GaussianBlur: sigma values should be positive/],
    [() => new T.GaussianBlur(9).forward(torch.ones(1, 3, 3)), RangeError, /is too large for 3 by 3 pixels/],
    [() => new T.RandomErasing({ p: 1 }).forward(rgb as never), TypeError, /put it behind ToTensor/],
    [() => new T.RandomErasing({ scale: [0, 2] }), RangeError, /scale should be between 0 and 1/],
    [
      () => new T.RandomErasing(1, { value: [1, 2] }).forward(torch.ones(3, 4, 4)),
      RangeError,
      /2 values for 3 channels/,
    ],
    [() => new T.FiveCrop(14).forward(rgb), RangeError, /^FiveCrop: requested crop size \(14, 14\) is bigger/],
    [() => T.functional.posterize(torch.ones(1, 2, 2), 2), TypeError, /only uint8/],
    [() => T.functional.solarize(torch.ones(1, 2, 2), 2), TypeError, /less than bound/],
    [() => T.functional.invert(torch.ones(2, 2, 2)), torch.ShapeError, /1 or 3 channels/],
    [() => T.functional.erase(torch.ones(1, 2, 2), 0, 0, 3, 1, 0), RangeError, /not within 2 by 2/],
    [() => new T.Compose([1 as never]), TypeError, /expected a transform or a function/],
    [() => new T.Pad(3, { paddingMode: 'reflect' }).forward(torch.ones(1, 3, 3)), RangeError, /should be less than/],
    [() => new Image(new Uint8Array(3), 2, 2), RangeError, /take 4 bytes but received 3/],
    [() => new datasets.EMNIST(root, 'x'), TypeError, /unknown split/],
  ];
  for (const [f, Class, message] of bad) {
    expect(f).toThrow(Class);
    expect(f).toThrow(message);
  }
});
