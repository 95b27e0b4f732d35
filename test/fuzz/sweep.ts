// Calls every public function, method and class with nothing, and with nonsense in each place: each call must give a
// value or an error of the documented classes that begins with the name of what was called. Run by sweep.test.ts, and by
// api.ts before its random calls.
import * as torch from '../../lib/index.ts';
import { isSpec, lcg, replace, tensorOf, valuesOf } from '../helpers.ts';
import { callsOf, type Sample, samples } from '../samples/index.ts';

type Callable = (...args: unknown[]) => unknown;
/** What is called, the names that its errors may begin with, and arguments that are right. */
interface Target {
  readonly name: string;
  readonly says: readonly string[];
  readonly call: (args: readonly unknown[]) => unknown;
  readonly valid: readonly (readonly unknown[])[];
  /** How many first arguments are left right: the tensor whose method it is. */
  readonly fixed: number;
}
/** The classes of API.md. */
export const DOCUMENTED: readonly (abstract new (...args: never[]) => Error)[] = [
  TypeError,
  RangeError,
  torch.ShapeError,
  torch.DtypeError,
  torch.DeviceError,
  torch.AutogradError,
  torch.OutOfMemoryError,
  torch.linalg.LinAlgError,
  torch.FileFormatError,
  torch.distributed.DistError,
];
/** What V8 says when the library trips over its own feet, rather than the library refusing. */
export const ROUGH =
  /^(Cannot (read|set|destructure|convert|mix)|Class (constructor|extends)|Invalid (array|typed|string|count)|Maximum call|undefined is|null is|Reduce of|object null|\S+ is not (a function|iterable|a constructor|defined)|.*(is not iterable|is not a function))/;

/** Not called: they write files, change what later calls mean, or show what is inside. */
export const SKIP: ReadonlySet<string> = new Set([
  'initProcessGroup', // starts MPI, once for the process
  'save',
  'saveNpy',
  'saveNpz',
  'saveSafetensors',
  'saveImage',
  'setDefaultDtype',
  'setDetectAnomaly',
  'setFlushDenormal',
  'setDefaultDevice',
  'setDefaultTensorType',
  'setNumThreads',
  'setPrintoptions',
  'setGradEnabled',
  'emptyCache',
  'constructor',
  'draw',
  'generatorId',
  'element',
  'values',
  'dispose',
  'seed',
  'detach_',
  'toTypedArrayAsync',
]);

const cyclic: unknown[] = [1];
cyclic.push(cyclic);
let deep: unknown = 1;
for (let i = 0; i < 5000; i++) deep = [deep];
const disposed = torch.ones(2, 3);
disposed.dispose();
const NONSENSE: readonly unknown[] = [
  undefined,
  null,
  'nonsense',
  {},
  Number.NaN,
  -1,
  1.5,
  2 ** 53,
  [],
  [Number.NaN],
  [[1], 'x'],
  true,
  2n ** 70n,
  Symbol('s'),
  () => 1,
  new Map(),
  Object.create(null),
  cyclic,
  deep,
  disposed,
  torch.ones(2, 3),
  { nonsense: 1 },
];

const isClass = (f: unknown): boolean =>
  typeof f === 'function' && /^class\b/.test(Function.prototype.toString.call(f));
/** The arguments of the first two calls of an operator's sample. */
function sampled(name: string): unknown[][] {
  const sample = Object.hasOwn(samples, name) ? (samples as Record<string, Sample>)[name] : undefined;
  if (!sample) return [];
  return callsOf(sample)
    .filter((c) => c.dtype === 'float32' || c.args.every((a) => !isSpec(a)))
    .slice(0, 2)
    .map(({ args, key }) => {
      const random = lcg(key);
      return args.map((a) =>
        replace(a, (s) => tensorOf(valuesOf(s, 'float32', random), s.shape, s.dtype ?? 'float32')),
      );
    });
}
const x = (...shape: number[]): torch.Tensor => torch.ones(shape);
const sgd = (): torch.optim.SGD => new torch.optim.SGD([new torch.nn.Parameter(x(2))], { momentum: 0.9 });
/** Right arguments of classes. */
const MADE: Readonly<Record<string, readonly unknown[]>> = {
  Linear: [3, 4],
  Bilinear: [3, 4, 5],
  Embedding: [5, 3],
  EmbeddingBag: [5, 3],
  MultiheadAttention: [4, 2],
  TransformerEncoderLayer: [4, 2],
  TransformerDecoderLayer: [4, 2],
  TransformerEncoder: [new torch.nn.TransformerEncoderLayer(4, 2, 8), 1],
  TransformerDecoder: [new torch.nn.TransformerDecoderLayer(4, 2, 8), 1],
  LayerNorm: [[3]],
  GroupNorm: [1, 3],
  Unflatten: [1, [3, 1]],
  ModuleList: [[new torch.nn.Identity()]],
  Sequential: [new torch.nn.Identity(), new torch.nn.ReLU()],
  ParameterList: [[new torch.nn.Parameter(x(2))]],
  Parameter: [x(2)],
  TensorDataset: [x(2), x(2)],
  SGD: [[new torch.nn.Parameter(x(2))], { lr: 0.1 }],
  Adam: [[new torch.nn.Parameter(x(2))]],
  AdamW: [[new torch.nn.Parameter(x(2))]],
  GradScaler: [{ enabled: false }],
  AveragedModel: [new torch.nn.Linear(2, 2)],
  StepLR: [sgd(), 2],
  MultiStepLR: [sgd(), [2]],
  ConstantLR: [sgd()],
  LinearLR: [sgd()],
  ExponentialLR: [sgd(), 0.5],
  PolynomialLR: [sgd()],
  LambdaLR: [sgd(), () => 1],
  MultiplicativeLR: [sgd(), () => 1],
  CosineAnnealingLR: [sgd(), 2],
  CosineAnnealingWarmRestarts: [sgd(), 2],
  CyclicLR: [sgd(), 0.1, 0.2],
  OneCycleLR: [sgd(), 0.1, { totalSteps: 5 }],
  SWALR: [sgd(), 0.1],
  ReduceLROnPlateau: [sgd()],
  Adamax: [[new torch.nn.Parameter(x(2))]],
  NAdam: [[new torch.nn.Parameter(x(2))]],
  RAdam: [[new torch.nn.Parameter(x(2))]],
  Adagrad: [[new torch.nn.Parameter(x(2))]],
  Adadelta: [[new torch.nn.Parameter(x(2))]],
  RMSprop: [[new torch.nn.Parameter(x(2))]],
  Rprop: [[new torch.nn.Parameter(x(2))]],
  ASGD: [[new torch.nn.Parameter(x(2))]],
  Adafactor: [[new torch.nn.Parameter(x(2))]],
  Muon: [[new torch.nn.Parameter(x(2, 2))]],
  LBFGS: [[new torch.nn.Parameter(x(2))]],
  SparseAdam: [[new torch.nn.Parameter(x(2))]],
};

/** Classes that the library makes, and nobody else. */
const NOT_MADE: ReadonlySet<string> = new Set(['Function', 'Tensor', 'Size', 'GradBucket', 'ProcessGroup']);
/** The same function by another name of PyTorch's. */
const ALIASES: Readonly<Record<string, string>> = {
  allGatherSingle: 'allGatherIntoTensor',
  reduceScatterSingle: 'reduceScatterTensor',
};

/** Everything public that can be called. */
export function targets(): Target[] {
  const out: Target[] = [];
  const add = (prefix: string, from: object): void => {
    for (const [name, f] of Object.entries(from)) {
      if (typeof f !== 'function' || SKIP.has(name)) continue;
      const full = prefix + name;
      if (isClass(f)) {
        if (f.prototype instanceof Error || NOT_MADE.has(name)) continue;
        const valid = MADE[name] ?? (/(Norm|InstanceNorm)\dd$/.test(name) ? [3] : /^Conv/.test(name) ? [3, 4, 1] : []);
        out.push({
          name: full,
          says: [name],
          fixed: 0,
          valid: [valid],
          call: (args) => Reflect.construct(f, [...args]),
        });
      } else
        out.push({
          name: full,
          says: [ALIASES[name] ?? name],
          fixed: 0,
          valid: sampled(prefix === 'linalg.' ? full : name),
          call: (args) => (f as Callable)(...args),
        });
    }
  };
  add('', torch);
  add('F.', torch.F);
  add('linalg.', torch.linalg);
  add('nn.', torch.nn);
  add('init.', torch.nn.init);
  add('nn.utils.', torch.nn.utils);
  add('optim.', torch.optim);
  add('lrScheduler.', torch.optim.lrScheduler);
  add('swaUtils.', torch.optim.swaUtils);
  add('amp.', torch.amp);
  add('cuda.', torch.cuda);
  add('cuda.amp.', torch.cuda.amp);
  add('accelerator.', torch.accelerator);
  add('data.', torch.utils.data);
  add('nn.parallel.', torch.nn.parallel);
  add('distributed.', torch.distributed);
  add('distributed.optim.', torch.distributed.optim);
  add('fsdp.', torch.distributed.fsdp);
  add('checkpoint.', torch.distributed.checkpoint);
  add('checkpoint.stateDict.', torch.distributed.checkpoint.stateDict);
  add('checkpoint.formatUtils.', torch.distributed.checkpoint.formatUtils);
  add('distributions.', torch.distributions);
  add('parametrize.', torch.nn.utils.parametrize);
  add('parametrizations.', torch.nn.utils.parametrizations);
  add('vision.', torch.vision);
  add('datasets.', torch.vision.datasets);
  add('transforms.', torch.vision.transforms);
  add('transforms.functional.', torch.vision.transforms.functional);
  add('vision.utils.', torch.vision.utils);
  add('vision.io.', torch.vision.io);
  add('autograd.', torch.autograd);
  for (const name of Object.getOwnPropertyNames(torch.Tensor.prototype)) {
    const { value } = Object.getOwnPropertyDescriptor(torch.Tensor.prototype, name)!;
    if (typeof value !== 'function' || SKIP.has(name)) continue;
    const base = name.replace(/_$/, '');
    const valid = sampled(base).filter(([self]) => self instanceof torch.Tensor);
    const call = ([self, ...args]: readonly unknown[]): unknown =>
      (value as Callable).apply(name === base ? self : (self as torch.Tensor).clone(), args);
    out.push({ name: `Tensor.${name}`, says: [name], fixed: 1, valid: [[x(2, 3)], ...valid], call });
  }
  return out;
}

/** What is wrong with an error, if anything. */
export function faults(says: readonly string[], error: unknown): string | null {
  if (!(error instanceof Error)) return `thrown ${String(error)}`;
  // what the operating system says of a path is Node's own error
  if (/^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '')) return null;
  const text = `${error.name}: ${error.message}`;
  if (!DOCUMENTED.some((c) => error instanceof c)) return `another class: ${text}`;
  if (ROUGH.test(error.message)) return `V8's words: ${text}`;
  // kernels speak in their own names
  if (error instanceof torch.OutOfMemoryError || / disposed\b/.test(error.message)) return null;
  const name = /^(\w+): /.exec(error.message)?.[1] ?? '';
  if (!says.includes(name)) return `another name: ${text}`;
  if (error.message.startsWith(`${name}: ${name}: `)) return `a doubled name: ${text}`;
  return null;
}

/** Makes all calls; gives each fault once, with how it came about. */
export function sweep(enter: (what: string) => void = () => {}): { calls: number; faults: string[] } {
  const found = new Map<string, string>();
  let calls = 0;
  for (const { name, says, call, valid, fixed } of targets()) {
    const attempt = (args: readonly unknown[], what: string): void => {
      calls++;
      enter(`${name} ${what}`);
      const judge = (error: unknown): void => {
        const fault = faults(says, error);
        const key = fault && `${name}: ${fault.replace(/\d+/g, '#').slice(0, 90)}`;
        if (key && !found.has(key)) {
          const at = /(lib\/\S+?)\)?\n/.exec(error instanceof Error ? (error.stack ?? '') : '')?.[1] ?? '';
          found.set(key, `${name} of ${what}: ${fault.slice(0, 200)} ${at}`);
        }
      };
      try {
        const result = call(args);
        if (result instanceof Promise) result.catch(judge);
      } catch (error) {
        judge(error);
      }
    };
    const bases = valid.length > 0 ? valid : [[]];
    for (const [b, base] of bases.entries()) {
      const least = Math.min(fixed, base.length);
      for (let n = least; n < base.length; n++) attempt(base.slice(0, n), `${n} of ${base.length} arguments`);
      const places = Math.max(base.length + (b === 0 ? 2 : 0), fixed + 2);
      for (let place = fixed; place < places; place++) {
        for (const [i, bad] of NONSENSE.entries()) {
          const args = [...base];
          while (args.length < place) args.push(place === 1 ? x(2, 3) : undefined);
          args[place] = bad;
          attempt(args, `nonsense ${i} at ${place}`);
        }
      }
    }
  }
  return { calls, faults: [...found.values()] };
}
