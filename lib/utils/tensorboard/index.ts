// torch.utils.tensorboard: SummaryWriter, whose files TensorBoard shows.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Call, readArguments } from '../../arguments.ts';
import { checkNumber, describe, inNameOf, ShapeError } from '../../errors.ts';
import { show } from '../../shape.ts';
import { Tensor, type TypedArray } from '../../tensor.ts';
import { encodePng } from '../../vision/codec.ts';
import { imageOf } from '../../vision/picture.ts';
import { makeGrid } from '../../vision/utils.ts';
import { encode, EventFile, type Field, type Message, message } from './events.ts';
import { histogram, layoutValue, prCurve, prCurveValue, type ScalarLayout, valuesOf } from './summaries.ts';

export type { ScalarLayout } from './summaries.ts';

/** Options of {@link SummaryWriter}. */
export interface SummaryWriterOptions {
  logDir?: string | URL | null | undefined;
  /** Appended to the default folder's name. */
  comment?: string | undefined;
  /** Events before this step are hidden: where a run goes on after a crash. */
  purgeStep?: number | null | undefined;
  /** Events that wait before they are written. */
  maxQueue?: number | undefined;
  /** Seconds that they wait at most. */
  flushSecs?: number | undefined;
  filenameSuffix?: string | undefined;
}
/** When an event happened. */
export interface EventOptions {
  globalStep?: number | null | undefined;
  /** Seconds since 1970; now by default. */
  walltime?: number | null | undefined;
}
type At = [globalStep?: number | null, walltime?: number | null];
/** How the values of a picture lie. */
export type DataFormats = 'CHW' | 'HWC' | 'HW' | 'NCHW' | 'NHWC' | 'NHW';
/** What is counted and drawn: numbers, or a tensor of them. */
export type Values = Tensor | readonly number[] | TypedArray;

const TIMES = ['globalStep', 'walltime'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
function defaultFolder(comment: string): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${MONTHS[now.getMonth()]}${two(now.getDate())}_${two(now.getHours())}-${two(now.getMinutes())}-${two(now.getSeconds())}`;
  return join('runs', `${time}_${hostname()}${comment}`);
}

function tagOf(where: string, tag: unknown): string {
  if (typeof tag !== 'string') throw new TypeError(`${where}: expected a string as tag but received ${describe(tag)}`);
  return tag;
}
function scalarOf(where: string, value: unknown): number {
  if (value instanceof Tensor) {
    if (value.count !== 1) throw new ShapeError(`${where}: scalar should be 0D, but has ${show(value.sizes)}`);
    return Number(value.item());
  }
  if (typeof value !== 'number' && typeof value !== 'bigint' && typeof value !== 'boolean')
    throw new TypeError(`${where}: expected a number but received ${describe(value)}`);
  return Number(value);
}
/** How many thresholds a curve has: TensorBoard takes up to 127. */
function thresholdsOf(where: string, n: unknown): number {
  if (n === undefined) return 127;
  if (typeof n !== 'number' || !Number.isInteger(n) || n < 2)
    throw new RangeError(`${where}: expected a number from 2 for numThresholds but received ${describe(n)}`);
  return Math.min(n, 127);
}

/** A picture's tensor as [C, H, W] with values from 0 to 1; several of them side by side. */
function pictureOf(where: string, img: unknown, formats: unknown): Tensor {
  if (!(img instanceof Tensor)) throw new TypeError(`${where}: expected a Tensor but received ${describe(img)}`);
  if (typeof formats !== 'string' || !/^N?(CHW|HWC|HW|WH)$/i.test(formats))
    throw new TypeError(`${where}: unknown dataformats ${describe(formats)}`);
  const names = formats.toUpperCase();
  if (names.length !== img.ndim)
    throw new ShapeError(
      `${where}: size of input tensor and input format are different: ${show(img.sizes)} and '${formats}'`,
    );
  const whole = ['NCHW', 'CHW'].find((order) => order.length === names.length + (names.includes('C') ? 0 : 1))!;
  const axes = [...whole].filter((c) => names.includes(c));
  let x = img.detach().permute(axes.map((c) => names.indexOf(c)));
  if (!names.includes('C')) x = x.unsqueeze(-3);
  x = img.dtype === 'uint8' ? x.to('float32').div(255) : x.to('float32');
  return x.ndim === 4 ? makeGrid(x, { padding: 0 }) : x;
}

/**
 * Writes events for TensorBoard to a folder: `logDir`, or one under `runs` with time and host in its name. Closed at the
 * end of the process, if not before. Throws TypeError or RangeError for options that cannot be.
 * @example
 * const writer = new torch.utils.tensorboard.SummaryWriter(tmp)
 * for (let step = 0; step < 3; step++) writer.addScalar('loss', 1 / (step + 1), step)
 * writer.close()
 * writer.logDir === tmp // true
 */
export class SummaryWriter {
  /** The folder. */
  readonly logDir: string;
  readonly #queue: number;
  readonly #seconds: number;
  readonly #suffix: string;
  readonly #purge: number | null;
  readonly #files = new Map<string, EventFile>();
  #closed = false;
  constructor(...args: Call<[logDir?: string | URL | null, comment?: string], SummaryWriterOptions>) {
    const where = 'SummaryWriter';
    const names = ['logDir', 'comment', 'purgeStep', 'maxQueue', 'flushSecs', 'filenameSuffix'];
    const options = readArguments<SummaryWriterOptions>(where, args, names);
    const {
      logDir = null,
      comment = '',
      purgeStep = null,
      maxQueue = 10,
      flushSecs = 120,
      filenameSuffix = '',
    } = options;
    if (logDir !== null && typeof logDir !== 'string' && !(logDir instanceof URL))
      throw new TypeError(`${where}: expected a path for logDir but received ${describe(logDir)}`);
    for (const text of [comment, filenameSuffix]) {
      if (typeof text !== 'string' || /[/\\]/.test(text))
        throw new TypeError(`${where}: expected a part of a file's name but received ${describe(text)}`);
    }
    for (const n of [maxQueue, flushSecs, purgeStep ?? 0]) {
      if (typeof n !== 'number' || !(n >= 0))
        throw new RangeError(`${where}: expected a number from 0 but received ${describe(n)}`);
    }
    this.logDir =
      logDir === null || logDir === ''
        ? defaultFolder(comment)
        : typeof logDir === 'string'
          ? logDir
          : fileURLToPath(logDir);
    this.#queue = maxQueue;
    this.#seconds = flushSecs;
    this.#suffix = filenameSuffix;
    this.#purge = purgeStep;
    this.#file(this.logDir);
  }
  /** The folder. */
  getLogdir(): string {
    return this.logDir;
  }

  #file(folder: string): EventFile {
    let file = this.#files.get(folder);
    if (file === undefined || file.closed) {
      file = new EventFile(folder, this.#queue, this.#seconds, this.#suffix);
      if (this.#purge !== null && this.#files.size === 0) {
        // hides what an earlier run wrote from this step on
        const step = BigInt(this.#purge);
        file.write({ 3: 'brain.Event:2' }, step);
        file.write({ 7: message({ 1: 1n }) }, step);
      }
      this.#files.set(folder, file);
    }
    return file;
  }
  #add(where: string, value: Message['fields'], options: EventOptions, folder = this.logDir): void {
    const { globalStep = null, walltime = null } = options;
    if (globalStep !== null && !Number.isSafeInteger(globalStep))
      throw new TypeError(`${where}: expected a whole number for globalStep but received ${describe(globalStep)}`);
    if (walltime !== null) checkNumber(where, 'walltime', walltime);
    const step = globalStep === null ? undefined : BigInt(globalStep);
    this.#file(folder).write({ 5: message({ 1: message(value) }) }, step, walltime ?? undefined);
  }

  /** A number for a curve. Throws TypeError or ShapeError for what is none. */
  addScalar(
    tag: string,
    scalarValue: number | Tensor,
    ...args: Call<At, EventOptions & { newStyle?: boolean | undefined; doublePrecision?: boolean | undefined }>
  ): void {
    const where = 'addScalar';
    const options = readArguments<EventOptions & { newStyle: boolean; doublePrecision: boolean }>(where, args, TIMES, [
      'newStyle',
      'doublePrecision',
    ]);
    const { newStyle = false, doublePrecision = false } = options;
    const [name, value] = [tagOf(where, tag), scalarOf(where, scalarValue)];
    if (!newStyle) {
      this.#add(where, { 1: name, 2: { float: value } }, options);
      return;
    }
    const tensor = doublePrecision
      ? { 1: 2n, 6: { doubles: [value] } }
      : { 1: 1n, 5: new Uint8Array(Float32Array.of(value).buffer) };
    this.#add(where, { 1: name, 8: message(tensor), 9: message({ 1: message({ 1: 'scalars' }) }) }, options);
  }
  /** Several curves in one chart: each has a folder of its own. Throws TypeError for what are no numbers. */
  addScalars(
    mainTag: string,
    tagScalarDict: Readonly<Record<string, number | Tensor>>,
    ...args: Call<At, EventOptions>
  ): void {
    const where = 'addScalars';
    const options = readArguments<EventOptions>(where, args, TIMES);
    const name = tagOf(where, mainTag);
    if (typeof tagScalarDict !== 'object' || tagScalarDict === null)
      throw new TypeError(`${where}: expected an object of numbers but received ${describe(tagScalarDict)}`);
    for (const [tag, value] of Object.entries(tagScalarDict)) {
      const folder = join(this.logDir, `${name.replaceAll('/', '_')}_${tagOf(where, tag)}`);
      this.#add(where, { 1: name, 2: { float: scalarOf(where, value) } }, options, folder);
    }
  }
  /** How values are spread. Throws TypeError, ShapeError or RangeError for what cannot be counted. */
  addHistogram(
    tag: string,
    values: Values,
    ...args: Call<
      [globalStep?: number | null, bins?: string | number | readonly number[], walltime?: number | null],
      EventOptions & { bins?: string | number | readonly number[] | undefined }
    >
  ): void {
    const where = 'addHistogram';
    const options = readArguments<EventOptions & { bins: unknown }>(where, args, ['globalStep', 'bins', 'walltime']);
    const proto = histogram(where, valuesOf(where, values), options.bins ?? 'tensorflow');
    this.#add(where, { 1: tagOf(where, tag), 5: proto }, options);
  }
  /** A picture [C, H, W] of floats from 0 to 1 or of uint8. Throws TypeError or ShapeError for what is none. */
  addImage(
    tag: string,
    imgTensor: Tensor,
    ...args: Call<
      [globalStep?: number | null, walltime?: number | null, dataformats?: DataFormats],
      EventOptions & { dataformats?: DataFormats | undefined }
    >
  ): void {
    this.#image('addImage', tag, imgTensor, args, 'CHW');
  }
  /** Pictures [N, C, H, W] side by side. Throws TypeError or ShapeError for what are none. */
  addImages(
    tag: string,
    imgTensor: Tensor,
    ...args: Call<
      [globalStep?: number | null, walltime?: number | null, dataformats?: DataFormats],
      EventOptions & { dataformats?: DataFormats | undefined }
    >
  ): void {
    this.#image('addImages', tag, imgTensor, args, 'NCHW');
  }
  #image(where: string, tag: string, img: unknown, args: readonly unknown[], formats: DataFormats): void {
    const options = readArguments<EventOptions & { dataformats: DataFormats }>(where, args, [...TIMES, 'dataformats']);
    const image = inNameOf(where, () => imageOf(where, pictureOf(where, img, options.dataformats ?? formats)));
    const value = {
      1: BigInt(image.height),
      2: BigInt(image.width),
      3: BigInt(image.channels),
      4: encodePng(image),
    };
    this.#add(where, { 1: tagOf(where, tag), 4: message(value) }, options);
  }
  /** Text, in Markdown. Throws TypeError for what is none. */
  addText(tag: string, textString: string, ...args: Call<At, EventOptions>): void {
    const where = 'addText';
    const options = readArguments<EventOptions>(where, args, TIMES);
    if (typeof textString !== 'string')
      throw new TypeError(`${where}: expected a string but received ${describe(textString)}`);
    const tensor = message({ 1: 7n, 2: message({ 2: message({ 1: 1n }) }), 8: textString });
    const metadata = message({ 1: message({ 1: 'text' }) });
    this.#add(where, { 1: `${tagOf(where, tag)}/text_summary`, 8: tensor, 9: metadata }, options);
  }
  /** A run's settings with what came of them, in a folder of its own. Throws TypeError for other values. */
  addHparams(
    hparamDict: Readonly<Record<string, number | string | boolean | Tensor>>,
    metricDict: Readonly<Record<string, number | Tensor>>,
    ...args: Call<
      [hparamDomainDiscrete?: null, runName?: string | null, globalStep?: number | null],
      {
        hparamDomainDiscrete?: null | undefined;
        runName?: string | null | undefined;
        globalStep?: number | null | undefined;
      }
    >
  ): void {
    const where = 'addHparams';
    const names = ['hparamDomainDiscrete', 'runName', 'globalStep'];
    const options = readArguments<{ runName: string | null; globalStep: number | null }>(where, args, names);
    for (const dict of [hparamDict, metricDict]) {
      if (typeof dict !== 'object' || dict === null || Array.isArray(dict))
        throw new TypeError(`${where}: expected two objects but received ${describe(dict)}`);
    }
    const values: Field[] = [];
    const infos: Field[] = [];
    for (const [name, given] of Object.entries(hparamDict)) {
      const v = given instanceof Tensor ? scalarOf(where, given) : given;
      const [value, type] =
        typeof v === 'string'
          ? [{ 3: v }, 1n]
          : typeof v === 'boolean'
            ? [{ 4: v ? 1n : 0n }, 2n]
            : [{ 2: { double: scalarOf(where, v) } }, 3n];
      values.push(message({ 1: name, 2: message(value) }));
      infos.push(message({ 1: name, 4: type }));
    }
    const metrics = Object.entries(metricDict).map(([tag, v]) => [tagOf(where, tag), scalarOf(where, v)] as const);
    const folder = join(this.logDir, options.runName ?? String(Date.now() / 1000));
    const plugin = (tag: string, data: Message['fields']): void => {
      const content = encode(message(data));
      this.#add(where, { 1: tag, 9: message({ 1: message({ 1: 'hparams', 2: content }) }) }, {}, folder);
    };
    plugin('_hparams_/experiment', {
      2: message({ 4: infos, 5: metrics.map(([tag]) => message({ 1: message({ 2: tag }) })) }),
    });
    plugin('_hparams_/session_start_info', { 3: message({ 1: values }) });
    plugin('_hparams_/session_end_info', { 4: message({ 1: 1n }) });
    for (const [tag, v] of metrics)
      this.#add(where, { 1: tag, 2: { float: v } }, { globalStep: options.globalStep }, folder);
  }
  /**
   * A precision-recall curve of labels 0 and 1 and predictions from 0 to 1. Throws TypeError or ShapeError for others.
   * @example
   * const writer = new torch.utils.tensorboard.SummaryWriter(tmp)
   * writer.addPrCurve('pr', [1, 0, 1], [0.9, 0.4, 0.6], 0) // undefined
   */
  addPrCurve(
    tag: string,
    labels: Values,
    predictions: Values,
    ...args: Call<
      [globalStep?: number | null, numThresholds?: number, weights?: Values | null, walltime?: number | null],
      EventOptions & { numThresholds?: number | undefined; weights?: Values | null | undefined }
    >
  ): void {
    const where = 'addPrCurve';
    const names = ['globalStep', 'numThresholds', 'weights', 'walltime'];
    const options = readArguments<EventOptions & { numThresholds: number; weights: unknown }>(where, args, names);
    const thresholds = thresholdsOf(where, options.numThresholds);
    const rows = prCurve(where, [labels, predictions, options.weights], thresholds);
    this.#add(where, { 1: tagOf(where, tag), ...prCurveValue(where, rows, thresholds) }, options);
  }
  /** As addPrCurve, of counts and ratios at each threshold that are known. Throws TypeError or ShapeError for others. */
  addPrCurveRaw(
    tag: string,
    truePositiveCounts: Values,
    falsePositiveCounts: Values,
    trueNegativeCounts: Values,
    falseNegativeCounts: Values,
    precision: Values,
    recall: Values,
    ...args: Call<
      [globalStep?: number | null, numThresholds?: number, weights?: null, walltime?: number | null],
      EventOptions & { numThresholds?: number | undefined; weights?: null | undefined }
    >
  ): void {
    const where = 'addPrCurveRaw';
    const names = ['globalStep', 'numThresholds', 'weights', 'walltime'];
    const options = readArguments<EventOptions & { numThresholds: number }>(where, args, names);
    const given = [truePositiveCounts, falsePositiveCounts, trueNegativeCounts, falseNegativeCounts, precision, recall];
    const rows = given.map((values) => [...valuesOf(where, values)]);
    const value = prCurveValue(where, rows, thresholdsOf(where, options.numThresholds));
    this.#add(where, { 1: tagOf(where, tag), ...value }, options);
  }
  /**
   * Which of the curves share a chart. Throws TypeError or RangeError for what is no layout.
   * @example
   * const writer = new torch.utils.tensorboard.SummaryWriter(tmp)
   * writer.addCustomScalars({ losses: { both: ['Multiline', ['loss/train', 'loss/test']] } }) // undefined
   */
  addCustomScalars(layout: ScalarLayout): void {
    this.#add('addCustomScalars', layoutValue('addCustomScalars', layout), {});
  }
  /** Several curves in one chart. Throws TypeError for what are no tags. */
  addCustomScalarsMultilinechart(
    tags: readonly string[],
    ...args: Call<[category?: string, title?: string], { category?: string | undefined; title?: string | undefined }>
  ): void {
    this.#chart('addCustomScalarsMultilinechart', 'Multiline', tags, args);
  }
  /** A curve between two others: tags of value, lower and upper bound. Throws TypeError or RangeError for others. */
  addCustomScalarsMarginchart(
    tags: readonly string[],
    ...args: Call<[category?: string, title?: string], { category?: string | undefined; title?: string | undefined }>
  ): void {
    this.#chart('addCustomScalarsMarginchart', 'Margin', tags, args);
  }
  #chart(where: string, kind: string, tags: readonly string[], args: readonly unknown[]): void {
    const options = readArguments<{ category: string; title: string }>(where, args, ['category', 'title']);
    const { category = 'default', title = 'untitled' } = options;
    this.#add(where, layoutValue(where, { [category]: { [title]: [kind, tags] } }), {});
  }
  /** Writes what waits. */
  flush(): void {
    for (const file of this.#files.values()) if (!file.closed) file.flush();
  }
  /** Writes what waits and closes the files. What is added later begins new ones. */
  close(): void {
    this.#closed = true;
    for (const file of this.#files.values()) file.close();
  }
  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed;
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
