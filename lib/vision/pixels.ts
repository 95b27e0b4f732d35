// What transforms do to the bytes of images, as Pillow does it: moving pixels, resampling, colours. Called by the
// functions of transforms/functional.ts, which do the same to tensors with operators.
import { Image, luma } from './image.ts';

/** Positions to take along one axis; -1 is outside. */
export type Places = Int32Array;

/** Takes pixels by row and column; those outside get `fill`. */
export function remap(image: Image, rows: Places, cols: Places, fill: readonly number[]): Image {
  const { data, width, channels } = image;
  const [height, across] = [rows.length, cols.length];
  const out = new Uint8Array(height * across * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = rows[y]!;
    for (let x = 0; x < across; x++) {
      const col = cols[x]!;
      const from = (row * width + col) * channels;
      const inside = row >= 0 && col >= 0;
      for (let c = 0; c < channels; c++) out[to++] = inside ? data[from + c]! : (fill[c] ?? 0);
    }
  }
  return new Image(out, across, height, channels);
}

/** How pixels between pixels are made. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic';

const cubic = (a: number, x: number): number => {
  const t = Math.abs(x);
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
};
const FILTERS: Readonly<Record<'bilinear' | 'bicubic', { readonly support: number; at(x: number): number }>> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, at: (x) => cubic(-0.5, x) },
};
/** The places and weights that make each pixel of an axis: filters grow with the factor, so that nothing is skipped. */
interface Weights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `width` of them for each pixel. */
  readonly weights: Float64Array;
  readonly width: number;
}
function weightsOf(from: number, to: number, mode: 'bilinear' | 'bicubic', antialias: boolean): Weights {
  const filter = FILTERS[mode];
  const scale = from / to;
  const stretch = antialias ? Math.max(1, scale) : 1;
  const [support, shrink] = [filter.support * stretch, 1 / stretch];
  const width = Math.ceil(support) * 2 + 1;
  const [first, count] = [new Int32Array(to), new Int32Array(to)];
  const weights = new Float64Array(to * width);
  for (let i = 0; i < to; i++) {
    const center = (i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - support + 0.5));
    const n = Math.min(from, Math.trunc(center + support + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += weights[i * width + k] = filter.at((k + low - center + 0.5) * shrink);
    if (sum !== 0) for (let k = 0; k < n; k++) weights[i * width + k]! /= sum;
    first[i] = low;
    count[i] = n;
  }
  return { first, count, weights, width };
}

/** The matrix that resizes one axis, as `interpolate` does: [to, from], by rows. */
export function resizingMatrix(
  from: number,
  to: number,
  mode: 'bilinear' | 'bicubic',
  antialias: boolean,
): Float64Array {
  const rows = new Float64Array(to * from);
  if (mode === 'bicubic' && !antialias) {
    // a sharper curve than with antialias, and the edge pixels go on beyond the edges
    for (let i = 0; i < to; i++) {
      const center = (i + 0.5) * (from / to) - 0.5;
      const low = Math.floor(center) - 1;
      for (let k = low; k < low + 4; k++)
        rows[i * from + Math.max(0, Math.min(k, from - 1))]! += cubic(-0.75, k - center);
    }
    return rows;
  }
  const { first, count, weights, width } = weightsOf(from, to, mode, antialias);
  for (let i = 0; i < to; i++)
    for (let k = 0; k < count[i]!; k++) rows[i * from + first[i]! + k] = weights[i * width + k]!;
  return rows;
}

// Pillow computes bytes with weights of 22 bits behind the point
const BITS = 22;
const clip = (v: number): number => Math.max(0, Math.min(v, 255));
/** One axis of an image: `lines` lines of `from` pixels become lines of `to`. */
function resample(
  data: Uint8Array,
  lines: number,
  from: number,
  to: number,
  across: boolean,
  n: number,
  mode: 'bilinear' | 'bicubic',
): Uint8Array {
  const { first, count, weights, width } = weightsOf(from, to, mode, true);
  const fixed = Int32Array.from(weights, (w) => Math.trunc(w * 2 ** BITS + (w < 0 ? -0.5 : 0.5)));
  const out = new Uint8Array(lines * to * n);
  // pixels along the axis are `step` bytes apart
  const step = across ? n : lines * n;
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < to; i++) {
      const start = across ? line * from * n : line * n;
      const end = across ? (line * to + i) * n : (i * lines + line) * n;
      for (let c = 0; c < n; c++) {
        let sum = 1 << (BITS - 1);
        let at = start + first[i]! * step + c;
        for (let k = 0; k < count[i]!; k++, at += step) sum += data[at]! * fixed[i * width + k]!;
        out[end + c] = clip(sum >> BITS);
      }
    }
  }
  return out;
}
/** Resizes as Pillow does: across first, then down, with bytes between. */
export function resizeImage(image: Image, height: number, width: number, mode: Interpolation): Image {
  if (mode === 'nearest') {
    const places = (from: number, to: number): Places => {
      // Pillow adds up the steps, whose rounding decides where pixels meet
      let at = (from / to) * 0.5;
      return Int32Array.from({ length: to }, () => {
        const place = Math.min(from - 1, Math.floor(at));
        at += from / to;
        return place;
      });
    };
    return remap(image, places(image.height, height), places(image.width, width), []);
  }
  let { data } = image;
  const n = image.channels;
  if (width !== image.width) data = resample(data, image.height, image.width, width, true, n, mode);
  if (height !== image.height) data = resample(data, width, image.height, height, false, n, mode);
  return new Image(data, width, height, n);
}

/** The source of each pixel of a rotated image, -1 outside: Pillow's nearest pixel, with 16 bits behind the point. */
export function rotation(
  height: number,
  width: number,
  angle: number,
  expand: boolean,
  center: readonly number[] | null,
): { height: number; width: number; places: Int32Array } {
  const turn = ((angle % 360) + 360) % 360;
  const radians = -(turn * Math.PI) / 180;
  const round15 = (v: number): number => Number(v.toFixed(15));
  const m = [
    round15(Math.cos(radians)),
    round15(Math.sin(radians)),
    0,
    round15(-Math.sin(radians)),
    round15(Math.cos(radians)),
    0,
  ] as [number, number, number, number, number, number];
  const [cx, cy] = center === null ? [width / 2, height / 2] : [center[0]!, center[1]!];
  const at = (x: number, y: number): [number, number] => [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]];
  [m[2], m[5]] = at(-cx, -cy);
  m[2] += cx;
  m[5] += cy;
  let [w, h] = [width, height];
  if (expand) {
    const corners = [at(0, 0), at(width, 0), at(width, height), at(0, height)];
    const [xs, ys] = [corners.map((p) => p[0]), corners.map((p) => p[1])];
    w = Math.ceil(Math.max(...xs)) - Math.floor(Math.min(...xs));
    h = Math.ceil(Math.max(...ys)) - Math.floor(Math.min(...ys));
    [m[2], m[5]] = at(-(w - width) / 2, -(h - height) / 2);
  }
  const places = new Int32Array(w * h).fill(-1);
  const whole = (turn === 0 || turn === 180) && !expand && center === null;
  const fix = (v: number): number => Math.floor(v * 65536 + 0.5);
  const [a0, a1, a3, a4] = [fix(m[0]), fix(m[1]), fix(m[3]), fix(m[4])];
  let [xx, yy] = [fix(m[2] + m[0] * 0.5 + m[1] * 0.5), fix(m[5] + m[3] * 0.5 + m[4] * 0.5)];
  for (let y = 0; y < h; y++, xx += a1, yy += a4) {
    for (let x = 0; x < w; x++) {
      let [sx, sy] = [Math.floor((xx + x * a0) / 65536), Math.floor((yy + x * a3) / 65536)];
      if (whole) [sx, sy] = turn === 0 ? [x, y] : [width - 1 - x, height - 1 - y];
      if (sx >= 0 && sx < width && sy >= 0 && sy < height) places[y * w + x] = sy * width + sx;
    }
  }
  return { height: h, width: w, places };
}
/** Takes pixels by their place in the image. */
export function takePixels(
  image: Image,
  height: number,
  width: number,
  places: Int32Array,
  fill: readonly number[],
): Image {
  const { data, channels } = image;
  const out = new Uint8Array(height * width * channels);
  for (let i = 0; i < places.length; i++) {
    const from = places[i]! * channels;
    for (let c = 0; c < channels; c++) out[i * channels + c] = from >= 0 ? data[from + c]! : (fill[c] ?? 0);
  }
  return new Image(out, width, height, channels);
}

/** Pillow's blend of each byte with another: `factor` 1 gives the image, 0 the other. */
function blend(image: Image, factor: number, other: (i: number) => number): Image {
  const { data, width, height, channels } = image;
  const out = new Uint8Array(data.length);
  const f = Math.fround(factor);
  for (let i = 0; i < data.length; i++) {
    if (channels % 2 === 0 && i % channels === channels - 1) {
      out[i] = data[i]!;
      continue;
    }
    const from = other(i);
    const value = Math.fround(from + Math.fround(f * (data[i]! - from)));
    out[i] = value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value);
  }
  return new Image(out, width, height, channels);
}
export const brighten = (image: Image, factor: number): Image => blend(image, factor, () => 0);
export function contrast(image: Image, factor: number): Image {
  const grey = image.convert('L').data;
  let sum = 0;
  for (const v of grey) sum += v;
  const mean = grey.length > 0 ? Math.trunc(sum / grey.length + 0.5) : 0;
  return blend(image, factor, () => mean);
}
export function saturate(image: Image, factor: number): Image {
  const grey = image.convert('L').data;
  const { channels } = image;
  return blend(image, factor, (i) => grey[Math.floor(i / channels)]!);
}
/** Turns the hue, by way of Pillow's bytes of hue, saturation and value. */
export function turnHue(image: Image, factor: number): Image {
  if (image.channels < 3) return image;
  const out = image.data.slice();
  const shift = Math.trunc(factor * 255) & 255;
  for (let i = 0; i < out.length; i += image.channels) {
    const [r, g, b] = [out[i]!, out[i + 1]!, out[i + 2]!];
    const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)];
    let [hue, saturation] = [0, 0];
    if (high !== low) {
      const range = high - low;
      const f = Math.fround;
      const [rc, gc, bc] = [f((high - r) / range), f((high - g) / range), f((high - b) / range)];
      const h = r === high ? f(bc - gc) : g === high ? f(2 + rc - bc) : f(4 + gc - rc);
      hue = clip(Math.trunc(f(f((h / 6 + 1) % 1) * 255)));
      saturation = clip(Math.trunc(f(f(range / high) * 255)));
    }
    hue = (hue + shift) & 255;
    if (saturation === 0) {
      out[i] = out[i + 1] = out[i + 2] = high;
      continue;
    }
    const sector = Math.floor(Math.fround((Math.fround(hue) * 6) / 255));
    const f = Math.fround((hue * 6) / 255 - sector);
    const s = Math.fround(saturation / 255);
    const round = (v: number): number => clip(Math.floor(v + 0.5));
    const [p, q, t] = [round(high * (1 - s)), round(high * (1 - s * f)), round(high * (1 - s * (1 - f)))];
    const colours = [
      [high, t, p],
      [q, high, p],
      [p, high, t],
      [p, q, high],
      [t, p, high],
      [high, p, q],
    ][sector % 6]!;
    for (let c = 0; c < 3; c++) out[i + c] = colours[c]!;
  }
  return new Image(out, image.width, image.height, image.channels);
}
export { luma };
