// Recognises the digit in any PNG: brings it into the form of MNIST first. Called by index.ts and the tests.
import { readFileSync } from 'node:fs';
import { PNG } from 'pngjs';
import * as torch from 'flambeau';
import { SIZE } from './data.ts';
import { TASKS } from './model.ts';
import type { Settings } from './train.ts';

/** MNIST's digits fill a box of this width or height, which is put into the image by its centre of mass. */
const BOX = 20;
/** Larger pictures are refused before they are unpacked: one of a few kilobytes may claim gigabytes. */
const MOST_PIXELS = 50e6;

interface Grey {
  width: number;
  height: number;
  values: Float32Array;
}

/** The brightness of a PNG's pixels on white paper, 0 to 1; or how opaque they are, if that alone tells them apart. */
function readGrey(file: string): Grey {
  const bytes = readFileSync(file);
  if (bytes.length < 24 || bytes.readUInt32BE(0) !== 0x89504e47) throw new Error(`${file} is not a PNG`);
  const [claimedWidth, claimedHeight] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  if (claimedWidth * claimedHeight > MOST_PIXELS) {
    throw new Error(
      `${file} is too large: ${claimedWidth} × ${claimedHeight} pixels, more than ${MOST_PIXELS / 1e6} million`,
    );
  }
  let png: PNG;
  try {
    png = PNG.sync.read(bytes);
  } catch (cause) {
    throw new Error(`${file} is damaged: it cannot be read as a PNG`, { cause });
  }
  const { width, height, data } = png;
  const grey = new Float32Array(width * height);
  const opacity = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const at = 4 * i; // red, green, blue, opacity
    const luma = (0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!) / 255;
    opacity[i] = data[at + 3]! / 255;
    grey[i] = 1 + opacity[i]! * (luma - 1);
  }
  const flat = grey.every((value) => Math.abs(value - grey[0]!) < 0.02);
  return { width, height, values: flat ? opacity : grey };
}

/** Ink as 1 on paper as 0: the paper is what most of the border shows. Null if there is no ink. */
function toInk({ width, height, values }: Grey): Grey | null {
  const border: number[] = [];
  values.forEach((value, i) => {
    const x = i % width;
    const y = (i - x) / width;
    if (x === 0 || y === 0 || x === width - 1 || y === height - 1) border.push(value);
  });
  const paper = border.sort((a, b) => a - b)[border.length >> 1]!;
  const sign = paper > 0.5 ? -1 : 1;
  const ink = values.map((value) => Math.max(0, sign * (value - paper)));
  const most = ink.reduce((a, b) => Math.max(a, b), 0);
  if (most < 0.05) return null;
  return { width, height, values: ink.map((value) => value / most) };
}

/** The part of an image with ink in it, without the faint noise around it. */
function crop({ width, height, values }: Grey): Grey {
  let [left, right, top, bottom] = [width, 0, height, 0];
  values.forEach((value, i) => {
    if (value < 0.1) return;
    const x = i % width;
    const y = (i - x) / width;
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x + 1), Math.min(top, y), Math.max(bottom, y + 1)];
  });
  const out = new Float32Array((right - left) * (bottom - top));
  for (let y = top; y < bottom; y++) {
    out.set(values.subarray(y * width + left, y * width + right), (y - top) * (right - left));
  }
  return { width: right - left, height: bottom - top, values: out };
}

/** How much of each old pixel lies in each new one, along one side: (to, from), rows of sum 1. */
function coverage(from: number, to: number): torch.Tensor {
  const step = from / to;
  const rows = Array.from({ length: to }, (_, i) =>
    Array.from({ length: from }, (_, j) => Math.max(0, Math.min(j + 1, (i + 1) * step) - Math.max(j, i * step)) / step),
  );
  return torch.tensor(rows, { dtype: 'float32' });
}

/** The digit in a PNG as MNIST would have it: (784), 20 pixels wide or high, centred by its mass. Throws for an empty one. */
export function readImage(file: string): torch.Tensor {
  const ink = toInk(readGrey(file));
  if (ink === null) throw new Error(`${file} is empty: all of it has one colour`);
  const { width, height, values } = crop(ink);
  const scale = BOX / Math.max(width, height);
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  const pixels = torch.tensor(values).view(height, width);
  const small = coverage(height, h).matmul(pixels).matmul(coverage(width, w).t()); // (h, w)

  // MNIST counts from the middle of the first pixel, so that the centre of mass is at (14, 14), not (13.5, 13.5)
  const mass = small.sum().item() as number;
  const centre = (dim: number, length: number): number => {
    const line = torch.arange(length);
    return (
      (small
        .sum(1 - dim)
        .mul(line)
        .sum()
        .item() as number) / mass
    );
  };
  const place = (length: number, middle: number): number =>
    Math.max(0, Math.min(SIZE - length, Math.round(SIZE / 2 - middle)));
  const [top, left] = [place(h, centre(0, h)), place(w, centre(1, w))];
  const framed = torch.nn.functional.pad(small, [left, SIZE - w - left, top, SIZE - h - top]); // (28, 28)
  return framed.div(framed.max()).flatten();
}

function readWeights(file: string): Record<string, torch.Tensor> {
  try {
    return torch.loadSafetensors(file);
  } catch (cause) {
    throw new Error(`${file} has no weights: ${(cause as Error).message}`, { cause });
  }
}

/** The probability of each class for an image (784), by the network whose weights the file holds. */
export function predict(
  image: torch.Tensor,
  task: Settings['task'],
  weights: string,
  device: torch.DeviceLike,
): number[] {
  const model = TASKS[task].network();
  const state = readWeights(weights);
  const expected = model.stateDict();
  for (const name of new Set([...Object.keys(expected), ...Object.keys(state)])) {
    if (String(expected[name]?.shape) !== String(state[name]?.shape)) {
      const other = task === 'digits' ? '' : 'out';
      throw new Error(`${weights} has the weights of another network: was it trained with${other} --zero-one?`);
    }
  }
  model.loadStateDict(state);
  model.to(device).eval();
  const logits = torch.noGrad(() => model.forward(image.unsqueeze(0).to(device))); // (1, classes)
  return logits.softmax(1).index(0).tolist() as number[];
}
