// Decoded images: bytes by row, column and channel, what PIL.Image is to torchvision. Datasets give them, transforms take
// them; reading and writing files is codec.ts's.
import { describe } from '../errors.ts';
import { portable } from '../data/transfer.ts';
import { decodeImage, encodeImage } from './codec.ts';

/** How the channels of an image are called: grey, grey and opacity, colours, colours and opacity. */
export type ImageMode = 'L' | 'LA' | 'RGB' | 'RGBA';
const MODES: readonly ImageMode[] = ['L', 'LA', 'RGB', 'RGBA'];

/**
 * A decoded image: `data` holds its bytes by row, column and channel. Throws RangeError where they are too few or too many.
 * @example
 * new torch.vision.Image(new Uint8Array([0, 128, 255, 64]), 2, 2).mode // L
 */
export class Image {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  constructor(data: Uint8Array, width: number, height: number, channels = 1) {
    if (!(data instanceof Uint8Array))
      throw new TypeError(`Image: expected a Uint8Array but received ${describe(data)}`);
    for (const [name, n] of Object.entries({ width, height, channels })) {
      if (!Number.isInteger(n) || n < 0 || (name === 'channels' && (n < 1 || n > 4)))
        throw new RangeError(`Image: impossible ${name} ${describe(n)}`);
    }
    if (data.length !== width * height * channels) {
      throw new RangeError(
        `Image: ${width} by ${height} pixels of ${channels} channels take ${width * height * channels} bytes but received ${data.length}`,
      );
    }
    this.data = data;
    this.width = width;
    this.height = height;
    this.channels = channels;
  }
  /** What the channels are. */
  get mode(): ImageMode {
    return MODES[this.channels - 1]!;
  }
  /** Width and height. */
  get size(): [width: number, height: number] {
    return [this.width, this.height];
  }
  /** Reads a file. Throws Error if the package `sharp` is not there, FileFormatError for what is no image. */
  static open(path: string | URL): Image {
    const { data, width, height, channels, own } = decodeImage('open', path);
    const image = new Image(data, width, height, channels);
    return own === 2 ? image.convert('LA') : image;
  }
  /** Writes a file, in the format of its name: PNG by itself, others by the package `sharp`. */
  save(path: string | URL): void {
    encodeImage('save', this, path);
  }
  /** The image in another mode: colours become grey by Pillow's weights, opacity is dropped or full. */
  convert(mode: ImageMode): Image {
    const channels = MODES.indexOf(mode) + 1;
    if (channels === 0) throw new TypeError(`convert: unknown mode ${describe(mode)}; expected ${MODES.join(', ')}`);
    if (channels === this.channels) return this;
    const { data, channels: from } = this;
    const n = this.width * this.height;
    const out = new Uint8Array(n * channels);
    for (let i = 0; i < n; i++) {
      const [a, b] = [i * from, i * channels];
      if (channels <= 2) out[b] = from >= 3 ? luma(data[a]!, data[a + 1]!, data[a + 2]!) : data[a]!;
      else for (let c = 0; c < 3; c++) out[b + c] = from >= 3 ? data[a + c]! : data[a]!;
      if (channels % 2 === 0) out[b + channels - 1] = from % 2 === 0 ? data[a + from - 1]! : 255;
    }
    return new Image(out, this.width, this.height, channels);
  }
}

/** Pillow's grey of a colour. */
export const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

portable(Image);
