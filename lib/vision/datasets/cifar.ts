// CIFAR-10 and CIFAR-100, as their authors give them away: pickled for Python, or binary.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { portable } from '../../data/transfer.ts';
import { tensor } from '../../from-data.ts';
import { FileFormatError } from '../../io/errors.ts';
import { PyGlobal, PyTuple, unpickle } from '../../io/unpickle.ts';
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

const PIXELS = 32 * 32;
const RECORD = 3 * PIXELS;

/** An array of NumPy in a pickle: made empty, then filled. */
class PyArray {
  bytes: Uint8Array = new Uint8Array(0);
}
/** Reads a batch that Python 2 pickled: a dict of lists, text, and one array of bytes. */
function readPickle(where: string, file: string, bytes: Uint8Array): Map<unknown, unknown> {
  const arrays = new Set(['numpy.core.multiarray._reconstruct', 'numpy._core.multiarray._reconstruct']);
  const names = new Set([...arrays, 'numpy.ndarray', 'numpy.dtype']);
  const found = unpickle(bytes, {
    latin1: true,
    persistent: () => null,
    global: (path) => (names.has(path) ? new PyGlobal(path) : undefined),
    call: (path) => (arrays.has(path) ? new PyArray() : new PyTuple([])),
    build: (target, state) => {
      if (target instanceof PyArray && state instanceof PyTuple) {
        const data = state.items[4];
        if (typeof data === 'string') target.bytes = Buffer.from(data, 'latin1');
        else if (data instanceof Uint8Array) target.bytes = data;
      }
      return target instanceof PyArray || target instanceof PyTuple;
    },
  });
  if (!(found instanceof Map)) throw new FileFormatError(`${where}: ${file} holds no dict`);
  return new Map([...found].map(([k, v]) => [k instanceof Uint8Array ? Buffer.from(k).toString('latin1') : k, v]));
}

/** A dataset's files in both forms. */
interface Source {
  readonly name: 'CIFAR10' | 'CIFAR100';
  readonly python: string;
  readonly binary: string;
  /** Names in both forms, with the MD5 of the pickled one. */
  readonly train: readonly (readonly [python: string, binary: string, md5: string])[];
  readonly test: readonly (readonly [python: string, binary: string, md5: string])[];
  readonly label: string;
  readonly meta: readonly [python: string, binary: string, key: string];
  readonly url: string;
}

abstract class Cifar<X, Y> extends VisionDataset<X, Y> {
  readonly train: boolean;
  /** uint8 [samples, 32, 32, 3]. */
  readonly data: Tensor;
  readonly targets: readonly number[];
  readonly classes: readonly string[];
  constructor(root: string | URL, options: DownloadedOptions & { train: boolean }, source: Source) {
    const where = source.name;
    super(root, options);
    this.train = options.train;
    const files = options.train ? source.train : source.test;
    const [python, binary] = [join(this.root, source.python), join(this.root, source.binary)];
    const pickled = !existsSync(join(binary, files[0]![1]));
    const remedy = `get ${source.url}-python.tar.gz or ${source.url}-binary.tar.gz and unpack it in ${this.root} (tar xzf)`;
    const labels: number[] = [];
    const parts: Uint8Array[] = [];
    for (const [py, bin, md5] of files) {
      if (pickled) {
        folderOf(where, [python], py, remedy);
        const batch = readPickle(where, py, bytesOf(where, python, py, { plain: md5 }));
        const [array, list] = [batch.get('data'), batch.get(source.label)];
        const fits = array instanceof PyArray && Array.isArray(list) && array.bytes.length === list.length * RECORD;
        if (!fits || !list.every((n) => typeof n === 'number'))
          throw new FileFormatError(`${where}: ${py} holds other data than pictures and '${source.label}'`);
        labels.push(...(list as number[]));
        parts.push(array.bytes);
      } else {
        folderOf(where, [binary], bin, remedy);
        const bytes = bytesOf(where, binary, bin, {});
        // CIFAR-100 has a label for the superclass before its own
        const before = where === 'CIFAR100' ? 2 : 1;
        const n = bytes.length / (RECORD + before);
        if (!Number.isInteger(n))
          throw new FileFormatError(`${where}: ${bin} has ${bytes.length} bytes, no multiple of ${RECORD + before}`);
        const pixels = new Uint8Array(n * RECORD);
        for (let i = 0; i < n; i++) {
          const at = i * (RECORD + before) + before;
          labels.push(bytes[at - 1]!);
          pixels.set(bytes.subarray(at, at + RECORD), i * RECORD);
        }
        parts.push(pixels);
      }
    }
    const all = tensor(Buffer.concat(parts) as Uint8Array).view(-1, 3, 32, 32);
    this.data = all.permute(0, 2, 3, 1).contiguous();
    this.targets = labels;
    this.classes = pickled ? this.#names(source, python) : this.#lines(source, binary);
  }
  #names(source: Source, folder: string): string[] {
    const [file, , key] = source.meta;
    if (!existsSync(join(folder, file))) return [];
    const names = readPickle(source.name, file, bytesOf(source.name, folder, file, {})).get(key);
    return Array.isArray(names) ? names.map(String) : [];
  }
  #lines(source: Source, folder: string): string[] {
    const file = source.meta[1];
    if (!existsSync(join(folder, file))) return [];
    return Buffer.from(bytesOf(source.name, folder, file, {}))
      .toString('latin1')
      .split('\n')
      .filter(Boolean);
  }
  override get length(): number {
    return this.targets.length;
  }
  /** The number of each class. */
  get classToIdx(): Record<string, number> {
    return Object.fromEntries(this.classes.map((name, i) => [name, i]));
  }
  override get(index: number): [X, Y] {
    const at = this.at(index);
    const pixels = this.data.select(0, at).toTypedArray() as Uint8Array;
    return this.sample(new Image(pixels, 32, 32, 3), this.targets[at]!);
  }
}

/**
 * Pictures of ten kinds of things: 50,000 for training, 10,000 for testing, of 32 by 32 pixels; from `cifar-10-batches-py`
 * or `cifar-10-batches-bin` under `root`. Throws Error that says what to download, FileFormatError for damaged files.
 * @example
 * try { new torch.vision.datasets.CIFAR10(tmp, true) } catch (error) { console.log(error.message.slice(0, 24)) }
 * // CIFAR10: data_batch_1 is
 */
export class CIFAR10<X = Image, Y = number> extends Cifar<X, Y> {
  constructor(root: string | URL, ...args: DownloadedArgs) {
    const md5 = [
      'c99cafc152244af753f735de768cd75f',
      'd4bba439e000b95fd0a9bffe97cbabec',
      '54ebc095f3ab1f0389bbae665268c751',
      '634d18415352ddfa80567beed471001a',
      '482c414d41f54cd18b22e5b47cb7c3cb',
    ];
    super(root, downloadedOptions('CIFAR10', args), {
      name: 'CIFAR10',
      python: 'cifar-10-batches-py',
      binary: 'cifar-10-batches-bin',
      train: md5.map((sum, i) => [`data_batch_${i + 1}`, `data_batch_${i + 1}.bin`, sum] as const),
      test: [['test_batch', 'test_batch.bin', '40351d587109b95175f43aff81a1287e']],
      label: 'labels',
      meta: ['batches.meta', 'batches.meta.txt', 'label_names'],
      url: 'https://www.cs.toronto.edu/~kriz/cifar-10',
    });
  }
}
/**
 * As {@link CIFAR10}, of a hundred kinds; from `cifar-100-python` or `cifar-100-binary` under `root`. Throws as that does.
 * @example
 * try { new torch.vision.datasets.CIFAR100(tmp) } catch (error) { console.log(error.code) }
 * // ENOENT
 */
export class CIFAR100<X = Image, Y = number> extends Cifar<X, Y> {
  constructor(root: string | URL, ...args: DownloadedArgs) {
    super(root, downloadedOptions('CIFAR100', args), {
      name: 'CIFAR100',
      python: 'cifar-100-python',
      binary: 'cifar-100-binary',
      train: [['train', 'train.bin', '16019d7e3df5f24257cddd939b257f8d']],
      test: [['test', 'test.bin', 'f0ef6b0ae62326f3e7ffdfab6717acfc']],
      label: 'fine_labels',
      meta: ['meta', 'fine_label_names.txt', 'fine_label_names'],
      url: 'https://www.cs.toronto.edu/~kriz/cifar-100',
    });
  }
}
portable(CIFAR10, CIFAR100);
