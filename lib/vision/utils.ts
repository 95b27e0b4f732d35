// torch.vision.utils: many pictures as one, and tensors as files.
import { type Call, readArguments } from '../arguments.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../errors.ts';
import { full } from '../create.ts';
import { cat, stack } from '../ops/join.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { encodeImage } from './codec.ts';
import { imageOf } from './picture.ts';

/** Options of {@link makeGrid}. */
export interface GridOptions {
  /** Pictures in a row: 8. */
  nrow?: number | undefined;
  /** Pixels between pictures: 2. */
  padding?: number | undefined;
  /** Shifts values to the range from 0 to 1. */
  normalize?: boolean | undefined;
  /** What becomes 0 and 1 then; by default the smallest and largest value. */
  valueRange?: readonly [low: number, high: number] | null | undefined;
  /** Shifts each picture by itself. */
  scaleEach?: boolean | undefined;
  padValue?: number | undefined;
}
const NAMES = ['nrow', 'padding', 'normalize', 'valueRange', 'scaleEach', 'padValue'];

/**
 * Pictures [B, C, H, W], or a list of [C, H, W], side by side as one [C, H, W]. Throws ShapeError for other shapes.
 * @example
 * torch.vision.utils.makeGrid(torch.ones([4, 3, 2, 2]), { nrow: 2, padding: 1 }).shape // torch.Size([3, 7, 7])
 */
export function makeGrid(
  images: Tensor | readonly Tensor[],
  ...args: Call<
    [
      nrow?: number,
      padding?: number,
      normalize?: boolean,
      valueRange?: readonly [number, number] | null,
      scaleEach?: boolean,
      padValue?: number,
    ],
    GridOptions
  >
): Tensor {
  const where = 'makeGrid';
  return inNameOf(where, () => {
    const options = readArguments<GridOptions>(where, args, NAMES);
    const { nrow = 8, padding = 2, normalize = false, valueRange = null, scaleEach = false, padValue = 0 } = options;
    for (const [name, n] of Object.entries({ nrow, padding })) {
      if (!Number.isInteger(n) || n < (name === 'nrow' ? 1 : 0))
        throw new RangeError(`${where}: impossible ${name} ${describe(n)}`);
    }
    checkNumber(where, 'padValue', padValue);
    if (!(images instanceof Tensor) && !(Array.isArray(images) && images.every((x) => x instanceof Tensor)))
      throw new TypeError(`${where}: tensor or list of tensors expected, got ${describe(images)}`);
    if (
      valueRange !== null &&
      (!Array.isArray(valueRange) || valueRange.length !== 2 || !valueRange.every((v) => typeof v === 'number'))
    )
      throw new TypeError(`${where}: expected [min, max] for valueRange but received ${describe(valueRange)}`);
    let x = (images instanceof Tensor ? images : stack(images as readonly Tensor[])).detach();
    if (x.ndim === 2) x = x.unsqueeze(0);
    if (x.ndim === 3) x = x.unsqueeze(0);
    if (x.ndim !== 4) throw new ShapeError(`${where}: expected pictures [B, C, H, W] but received ${show(x.sizes)}`);
    if (x.sizes[1] === 1) x = cat([x, x, x], 1);
    if (normalize) {
      const scaled = (t: Tensor): Tensor => {
        const [low, high] = valueRange ?? [t.min().item() as number, t.max().item() as number];
        return t
          .clamp(low, high)
          .sub(low)
          .div(Math.max(high - low, 1e-5));
      };
      x = scaleEach ? stack(x.unbind(0).map(scaled)) : scaled(x);
    }
    const [count, channels, h, w] = x.sizes as [number, number, number, number];
    if (count === 1) return x.squeeze(0);
    if (count === 0) throw new ShapeError(`${where}: there are no pictures in ${show(x.sizes)}`);
    const across = Math.min(nrow, count);
    const down = Math.ceil(count / across);
    const [height, width] = [h + padding, w + padding];
    const grid = full([channels, height * down + padding, width * across + padding], padValue, {
      dtype: x.dtype,
      device: x.device,
    });
    for (let k = 0; k < count; k++) {
      const [y, z] = [Math.floor(k / across), k % across];
      grid
        .narrow(1, y * height + padding, h)
        .narrow(2, z * width + padding, w)
        .copy_(x.select(0, k));
    }
    return grid;
  });
}

/**
 * Writes pictures with values from 0 to 1 as one file, in a grid as {@link makeGrid} makes it: PNG by itself, other formats
 * by the package `sharp`. Throws as that does.
 * @example
 * torch.vision.utils.saveImage(torch.rand([4, 3, 8, 8]), `${tmp}/grid.png`, { nrow: 2 }) // undefined
 */
export function saveImage(
  images: Tensor | readonly Tensor[],
  file: string | URL,
  ...args: Call<[format?: string | null], GridOptions & { format?: string | null | undefined }>
): void {
  const { format = null, ...options } = readArguments<GridOptions & { format: string | null }>(
    'saveImage',
    args,
    ['format'],
    NAMES,
  );
  inNameOf('saveImage', () => encodeImage('saveImage', imageOf('saveImage', makeGrid(images, options)), file, format));
}
