// MNIST and the datasets that come in its format, IDX: FashionMNIST, KMNIST, EMNIST.
import { join } from 'node:path';
import { portable } from '../../data/transfer.ts';
import { type Call, readArguments } from '../../arguments.ts';
import { describe } from '../../errors.ts';
import { tensor } from '../../from-data.ts';
import { FileFormatError } from '../../io/errors.ts';
import type { Tensor } from '../../tensor.ts';
import { Image } from '../image.ts';
import {
  bytesOf,
  type DownloadedArgs,
  type DownloadedOptions,
  downloadedOptions,
  folderOf,
  VisionDataset,
} from './base.ts';

/** Reads an IDX file of bytes: a tensor of its sizes. */
function readIdx(where: string, file: string, bytes: Uint8Array, rank: number): Tensor {
  const fail = (what: string): never => {
    throw new FileFormatError(`${where}: ${file} ${what}`);
  };
  const start = 4 + 4 * rank;
  if (bytes.length < start) fail(`ends after ${bytes.length} bytes`);
  if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8 || bytes[3] !== rank)
    fail(`is no IDX file of bytes with ${rank} dims`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const sizes = Array.from({ length: rank }, (_, d) => view.getUint32(4 + 4 * d));
  const count = sizes.reduce((a, b) => a * b, 1);
  if (bytes.length - start !== count)
    fail(`should hold ${count} bytes of [${sizes.join(', ')}], but holds ${bytes.length - start}`);
  return tensor(bytes.subarray(start)).view(sizes);
}

/** Where a dataset of this kind comes from, and what is in it. */
interface Source {
  readonly url: string;
  /** MD5 of the packed files: images and labels for training, images and labels for testing. */
  readonly md5: readonly string[];
  readonly classes: readonly string[];
}

/** The files of a dataset by their names: what all of these classes are. */
abstract class Idx<X, Y> extends VisionDataset<X, Y> {
  readonly train: boolean;
  /** uint8 [samples, rows, columns]. */
  readonly data: Tensor;
  /** int64 [samples]. */
  readonly targets: Tensor;
  readonly classes: readonly string[];
  constructor(
    where: string,
    root: string | URL,
    options: DownloadedOptions & { train: boolean },
    source: Source,
    stems?: readonly [string, string],
  ) {
    super(root, options);
    this.train = options.train;
    this.classes = source.classes;
    const part = options.train ? 'train' : 't10k';
    const [images, labels] = stems ?? [`${part}-images-idx3-ubyte`, `${part}-labels-idx1-ubyte`];
    const folders = [join(this.root, where, 'raw'), join(this.root, where), this.root];
    const remedy = stems
      ? `get ${source.url} and put ${images}.gz and ${labels}.gz of it there`
      : `get ${source.url}${images}.gz and ${source.url}${labels}.gz and put them there, packed or unpacked`;
    const folder = folderOf(where, folders, images, remedy);
    folderOf(where, [folder], labels, remedy);
    const first = options.train ? 0 : 2;
    const md5 = (i: number): { packed?: string } => (source.md5[i] === undefined ? {} : { packed: source.md5[i] });
    this.data = readIdx(where, images, bytesOf(where, folder, images, md5(first)), 3);
    this.targets = readIdx(where, labels, bytesOf(where, folder, labels, md5(first + 1)), 1).to('int64');
    if (this.data.sizes[0] !== this.targets.sizes[0])
      throw new FileFormatError(
        `${where}: ${images} has ${this.data.sizes[0]} samples, but ${labels} ${this.targets.sizes[0]}`,
      );
  }
  override get length(): number {
    return this.data.sizes[0]!;
  }
  /** The number of each class. */
  get classToIdx(): Record<string, number> {
    return Object.fromEntries(this.classes.map((name, i) => [name, i]));
  }
  override get(index: number): [X, Y] {
    const at = this.at(index);
    const [, height, width] = this.data.sizes as [number, number, number];
    const pixels = this.data.select(0, at).toTypedArray() as Uint8Array;
    return this.sample(new Image(pixels, width, height), this.targets.select(0, at).item());
  }
}

/**
 * Handwritten digits: 60,000 for training, 10,000 for testing, of 28 by 28 grey pixels. `root` holds them as torchvision
 * does, in `MNIST/raw`, packed or not. Throws Error that says what to download, FileFormatError for damaged files.
 * @example
 * try { new torch.vision.datasets.MNIST(tmp, { train: false }) } catch (error) { console.log(error.message.slice(0, 36)) }
 * // MNIST: t10k-images-idx3-ubyte is not
 */
export class MNIST<X = Image, Y = number> extends Idx<X, Y> {
  constructor(root: string | URL, ...args: DownloadedArgs) {
    super('MNIST', root, downloadedOptions('MNIST', args), {
      url: 'https://ossci-datasets.s3.amazonaws.com/mnist/',
      md5: [
        'f68b3c2dcbeaaa9fbdd348bbdeb94873',
        'd53e105ee54ea40749a09fcbcd1e9432',
        '9fb629c4189551a2d022fa330f9573f3',
        'ec29112dd5afa0611ce80d1b7f02629c',
      ],
      classes: ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].map(
        (name, i) => `${i} - ${name}`,
      ),
    });
  }
}
/**
 * Pictures of clothes in MNIST's format, under `FashionMNIST/raw`. Throws as {@link MNIST}.
 * @example
 * try { new torch.vision.datasets.FashionMNIST(tmp) } catch (error) { console.log(error.code) }
 * // ENOENT
 */
export class FashionMNIST<X = Image, Y = number> extends Idx<X, Y> {
  constructor(root: string | URL, ...args: DownloadedArgs) {
    super('FashionMNIST', root, downloadedOptions('FashionMNIST', args), {
      url: 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
      md5: [
        '8d4fb7e6c68d591d4c3dfef9ec88bf0d',
        '25c81989df183df01b3e8a0aad5dffbe',
        'bef4ecab320f06d8554ea6380940ec79',
        'bb300cfdad3c16e7a12a480ee83cd310',
      ],
      classes: [
        'T-shirt/top',
        'Trouser',
        'Pullover',
        'Dress',
        'Coat',
        'Sandal',
        'Shirt',
        'Sneaker',
        'Bag',
        'Ankle boot',
      ],
    });
  }
}
/**
 * Cursive Japanese in MNIST's format, under `KMNIST/raw`. Throws as {@link MNIST}.
 * @example
 * try { new torch.vision.datasets.KMNIST(tmp) } catch (error) { console.log(error.code) }
 * // ENOENT
 */
export class KMNIST<X = Image, Y = number> extends Idx<X, Y> {
  constructor(root: string | URL, ...args: DownloadedArgs) {
    super('KMNIST', root, downloadedOptions('KMNIST', args), {
      url: 'http://codh.rois.ac.jp/kmnist/dataset/kmnist/',
      md5: [
        'bdb82020997e1d708af4cf47b453dcf7',
        'e144d726b3acfaa3e44228e80efcd344',
        '5c965bf0a639b31b8f53240b1b52f4d7',
        '7320c461ea6c1c855c0b718fb2a4b134',
      ],
      classes: ['o', 'ki', 'su', 'tsu', 'na', 'ha', 'ma', 'ya', 're', 'wo'],
    });
  }
}
const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const CAPITALS = LETTERS.toUpperCase();
// capitals that look like the small letter
const MERGED = 'abdefghnqrt';
const SPLITS: Readonly<Record<string, readonly string[]>> = {
  byclass: [...DIGITS, ...CAPITALS, ...LETTERS],
  bymerge: [...DIGITS, ...CAPITALS, ...MERGED],
  balanced: [...DIGITS, ...CAPITALS, ...MERGED],
  letters: ['N/A', ...LETTERS],
  digits: [...DIGITS],
  mnist: [...DIGITS],
};
/**
 * Digits and letters in MNIST's format, under `EMNIST/raw`, of one of the splits `byclass`, `bymerge`, `balanced`,
 * `letters`, `digits` and `mnist`. Throws as {@link MNIST}.
 * @example
 * try { new torch.vision.datasets.EMNIST(tmp, 'letters') } catch (error) { console.log(error.code) }
 * // ENOENT
 */
export class EMNIST<X = Image, Y = number> extends Idx<X, Y> {
  readonly split: string;
  constructor(root: string | URL, ...args: Call<[split: string], DownloadedOptions & { split?: string }>) {
    const options = readArguments<DownloadedOptions & { split: string }>(
      'EMNIST',
      args,
      ['split'],
      ['train', 'transform', 'targetTransform', 'download'],
    );
    const { split = '', ...rest } = options;
    const classes = typeof split === 'string' && Object.hasOwn(SPLITS, split) ? SPLITS[split] : undefined;
    if (classes === undefined)
      throw new TypeError(`EMNIST: unknown split ${describe(split)}; expected ${Object.keys(SPLITS).join(', ')}`);
    const checked = downloadedOptions('EMNIST', [rest]);
    const stem = (kind: string): string => `emnist-${split}-${checked.train ? 'train' : 'test'}-${kind}`;
    super('EMNIST', root, checked, { url: 'https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip', md5: [], classes }, [
      stem('images-idx3-ubyte'),
      stem('labels-idx1-ubyte'),
    ]);
    this.split = split;
  }
}
portable(MNIST, FashionMNIST, KMNIST, EMNIST);
