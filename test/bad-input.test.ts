// Nonsense and what is said about it: the class of the error, and words that tell what was wrong. Nothing is clamped,
// cast or ignored, and nothing ends the process. Random nonsense is in fuzz.test.ts.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

type Class = abstract new (...args: never[]) => Error;
type Case = [name: string, call: () => unknown, error: Class, message: RegExp];
/** Arguments that TypeScript would refuse. */
const odd = (x: unknown): never => x as never;
const check = (cases: readonly Case[]): void => {
  test.each(cases)('%s', (_, call, error, message) => {
    let thrown: unknown = 'nothing';
    try {
      call();
    } catch (e) {
      thrown = e;
    }
    expect(thrown).toBeInstanceOf(error);
    expect((thrown as Error).message).toMatch(message);
  });
};
const x = torch.ones(2, 3);
const cyclic: unknown[] = [];
cyclic.push(cyclic);
let deep: unknown = 1;
for (let i = 0; i < 20_000; i++) deep = [deep];

describe('data', () => {
  check([
    ['ragged', () => torch.tensor(odd([[1, 2], [3]])), torch.ShapeError, /^tensor: /],
    ['mixed depth', () => torch.tensor(odd([1, [2]])), Error, /^tensor: /],
    ['cyclic', () => torch.tensor(odd(cyclic)), Error, /^tensor: /],
    ['deep', () => torch.tensor(odd(deep)), Error, /^tensor: /],
    ['a symbol', () => torch.tensor(odd(Symbol('s'))), TypeError, /^tensor: /],
    ['a function', () => torch.tensor(odd(() => 1)), TypeError, /^tensor: /],
    ['a string', () => torch.tensor(odd(['1'])), TypeError, /^tensor: /],
    ['a bigint beyond int64', () => torch.tensor(2n ** 70n), RangeError, /^tensor: /],
    ['nothing', () => torch.tensor(odd(undefined)), TypeError, /^tensor: /],
    ['an unknown dtype', () => torch.tensor([1], { dtype: odd('float31') }), TypeError, /float31/],
    ['an unknown option', () => torch.tensor([1], odd({ dtpye: 'float32' })), TypeError, /dtpye/],
    ['an unknown device', () => torch.ones(2, { device: odd('tpu') }), Error, /tpu/],
  ]);
});

describe('sizes', () => {
  check([
    ['NaN', () => torch.empty(Number.NaN), Error, /^empty: .*NaN/],
    ['a fraction', () => torch.zeros(1.5), Error, /^zeros: .*1\.5/],
    ['negative', () => torch.ones(-1), Error, /^ones: .*-1/],
    ['text', () => torch.ones(odd('2')), TypeError, /^ones: /],
    ['1e15', () => torch.zeros(1e15), torch.OutOfMemoryError, /tried to allocate/],
    ['2**53', () => torch.zeros(2 ** 53), Error, /zeros|allocate/],
    ['a product beyond all', () => torch.zeros(2 ** 30, 2 ** 30, 2 ** 30), Error, /zeros|allocate/],
    [
      'a diagonal far away, of nothing',
      () => torch.zeros(2, 0, 3).diagEmbed(Number.MAX_SAFE_INTEGER),
      torch.ShapeError,
      /^diagEmbed: .* more elements than a number can count/,
    ],
    ['a view of other size', () => x.view(4), torch.ShapeError, /view/],
    ['expand to fewer', () => x.expand(1, 3), torch.ShapeError, /expand/],
  ]);
});

describe('shapes, dtypes, dims', () => {
  check([
    ['chunks of nothing', () => torch.zeros(0).chunk(2 ** 31), RangeError, /^chunk: 2147483648 pieces are too many/],
    [
      'pieces without end',
      () =>
        torch
          .zeros(1)
          .expand(2 ** 40)
          .unbind(),
      RangeError,
      /^unbind: .* pieces are too many/,
    ],
    [
      'a split without end',
      () =>
        torch
          .zeros(1)
          .expand(2 ** 40)
          .split(1),
      RangeError,
      /^split: .* pieces are too many/,
    ],
    ['combinations of one', () => torch.combinations(torch.zeros(1), 2 ** 31), RangeError, /too many combinations/],
    [
      'a history without end',
      () => new torch.optim.LBFGS([torch.zeros([1], { requiresGrad: true })], { historySize: 1e12 }),
      RangeError,
      /^LBFGS: historySize 1000000000000 is too large/,
    ],
    [
      'a bound that the dtype has not, beside a tensor',
      () => torch.tensor(3, { dtype: 'int16' }).clamp(torch.zeros([2], { dtype: 'int16' }), -(2n ** 63n)),
      RangeError,
      /^clamp: value -9223372036854775808 cannot be converted to type int16/,
    ],
    ['shapes that do not broadcast', () => x.add(torch.ones(2, 4)), torch.ShapeError, /^add: .*\[2, 3\].*\[2, 4\]/],
    ['inner sizes', () => x.matmul(torch.ones(4, 5)), torch.ShapeError, /^matmul: .*\[2, 3\].*\[4, 5\]/],
    ['a dim too many', () => x.sum(2), RangeError, /^sum: /],
    ['a dim too few', () => x.softmax(-3), RangeError, /^softmax: /],
    ['a dim of text', () => x.sum(odd('0')), TypeError, /^sum: /],
    ['mean of integers', () => torch.tensor([1, 2]).mean(), torch.DtypeError, /^mean: .*float/],
    ['bits of floats', () => x.bitwiseAnd(x), torch.DtypeError, /bitwiseAnd/],
    ['subtracting booleans', () => torch.tensor(true).sub(torch.tensor(true)), torch.DtypeError, /^sub: /],
    ['an unknown option', () => x.sum(odd({ keepDim: true })), TypeError, /keepDim/],
    ['a plain object', () => torch.add(odd({ sizes: [2], storage: {} }), 1), TypeError, /^add: .*object/],
    ['another class', () => torch.relu(odd(new Map())), TypeError, /^relu: .*Map/],
    ['a prototype without fields', () => torch.relu(odd(Object.create(torch.Tensor.prototype))), TypeError, /./],
    ['null', () => torch.relu(odd(null)), TypeError, /^relu: .*null/],
    ['integers by zero', () => torch.tensor([1]).floorDivide(torch.tensor([0])), RangeError, /zero/i],
    ['a remainder by zero', () => torch.tensor([1]).remainder(torch.tensor([0])), RangeError, /zero/i],
    ['a bigint beyond int64', () => torch.tensor([1]).add(2n ** 64n), RangeError, /^add: .*int64/],
  ]);
});

describe('indices', () => {
  const at = torch.tensor([0, 5]);
  check([
    ['gather', () => x.gather(1, torch.tensor([[7]])), RangeError, /gather.*7/],
    ['gather by floats', () => x.gather(1, x), torch.DtypeError, /^gather: expected dtype int32 or int64 .* float32$/],
    ['indexSelect', () => x.indexSelect(0, at), RangeError, /indexSelect.*5/],
    ['a negative one', () => x.indexSelect(0, torch.tensor([-1])), RangeError, /indexSelect.*-1/],
    ['index', () => x.index(at), RangeError, /5/],
    ['embedding', () => torch.nn.functional.embedding(at, x), RangeError, /5/],
    ['scatter', () => x.scatter(0, torch.tensor([[9]]), 1), RangeError, /9/],
    ['floats as indices', () => x.indexSelect(0, torch.ones(1)), torch.DtypeError, /indexSelect/],
    ['a class beyond the last', () => torch.nn.functional.crossEntropy(x, at), Error, /5/],
    ['a number beyond', () => x.index(2), RangeError, /2/],
  ]);
});

describe('disposed tensors', () => {
  const gone = torch.ones(3, 3);
  gone.dispose();
  const uses: Record<string, () => unknown> = {
    unary: () => gone.exp(),
    binary: () => gone.add(1),
    other: () => torch.ones(3, 3).add(gone),
    reduce: () => gone.sum(),
    'reduce by dim': () => gone.amax(1),
    matmul: () => gone.matmul(gone),
    view: () => gone.t().clone(),
    cat: () => torch.cat([gone, gone]),
    softmax: () => gone.softmax(0),
    sort: () => gone.sort(),
    gather: () => gone.indexSelect(0, torch.tensor([0])),
    'in place': () => gone.add_(1),
    fill: () => gone.zero_(),
    item: () => gone.index(0, 0).item(),
    tolist: () => gone.tolist(),
    typed: () => gone.toTypedArray(),
    print: () => String(gone),
    convert: () => gone.to('float64'),
    where: () => torch.where(torch.ones(3, 3).gt(0), gone, 0),
    cumsum: () => gone.cumsum(0),
    random: () => gone.uniform_(),
    conv: () => torch.nn.functional.conv2d(gone.view(1, 1, 3, 3), torch.ones(1, 1, 2, 2)),
    pool: () => torch.nn.functional.maxPool2d(gone.view(1, 1, 3, 3), 2),
    norm: () => torch.nn.functional.layerNorm(gone, [3]),
  };
  test.each(Object.entries(uses))('%s', (_, use) => expect(use).toThrow(TypeError));
});

describe('ArrayBuffers', () => {
  test('detached under a tensor', () => {
    const data = new Float32Array([1, 2, 3]);
    const shared = torch.fromNumpy(data);
    const buffered = torch.frombuffer(data.buffer, { dtype: 'float32' });
    data[0] = 5;
    expect(shared.tolist()).toEqual([5, 2, 3]);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    for (const use of [() => shared.add(1), () => buffered.sum(), () => shared.zero_()]) expect(use).toThrow(TypeError);
    for (const use of [() => shared.tolist(), () => buffered.index(0).item(), () => String(shared)])
      expect(use).toThrow(Error);
  });
  test('shrunk under a tensor', () => {
    const Resizable: new (bytes: number, options: { maxByteLength: number }) => ArrayBuffer = ArrayBuffer;
    const buffer = new Resizable(64, { maxByteLength: 128 }) as ArrayBuffer & { resize(bytes: number): void };
    const shared = torch.frombuffer(buffer, { dtype: 'float32' });
    expect(shared.sum().item()).toBe(0);
    buffer.resize(8);
    for (const use of [() => shared.add(1), () => shared.sum(), () => shared.zero_()]) expect(use).toThrow(TypeError);
    expect(() => shared.tolist()).toThrow(Error);
    buffer.resize(64);
    expect(shared.sum().item()).toBe(0);
  });
  check([
    [
      'misaligned',
      () => torch.frombuffer(new ArrayBuffer(16), { dtype: 'float32', offset: 1 }),
      Error,
      /^frombuffer: /,
    ],
    ['too long', () => torch.frombuffer(new ArrayBuffer(16), { dtype: 'float32', count: 5 }), Error, /^frombuffer: /],
    ['no buffer', () => torch.frombuffer(odd([1, 2]), { dtype: 'float32' }), TypeError, /^frombuffer: /],
    [
      'detached',
      () => {
        const b = new ArrayBuffer(8);
        structuredClone(b, { transfer: [b] });
        return torch.frombuffer(b, { dtype: 'float32' });
      },
      Error,
      /^frombuffer: /,
    ],
  ]);
});

describe('files', () => {
  const pt = torch.saveToBytes({ w: torch.ones(4, 4), list: [1, 'a', null] });
  const documented = (call: () => unknown): void => {
    try {
      call();
    } catch (error) {
      expect(
        [
          TypeError,
          RangeError,
          torch.FileFormatError,
          torch.DeviceError,
          torch.DtypeError,
          torch.OutOfMemoryError,
        ].some((c) => error instanceof c),
        String((error as Error).stack),
      ).toBe(true);
    }
  };
  test('.pt cut anywhere', () => {
    for (let n = 0; n < pt.length; n += 7) expect(() => torch.load(pt.slice(0, n))).toThrow(torch.FileFormatError);
  });
  test('.pt with changed bytes', () => {
    for (let i = 0; i < pt.length; i++) {
      const bad = pt.slice();
      bad[i] = (bad[i]! + 1 + i * 31) & 255;
      documented(() => torch.load(bad));
    }
  });
  const header = (text: string, data = 16): Uint8Array => {
    const bytes = new TextEncoder().encode(text);
    const out = new Uint8Array(8 + bytes.length + data);
    new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
    out.set(bytes, 8);
    return out;
  };
  const safe = (text: string) => () => torch.loadSafetensors(header(text));
  check([
    ['safetensors: empty', () => torch.loadSafetensors(new Uint8Array()), torch.FileFormatError, /^loadSafetensors: /],
    [
      'safetensors: header beyond the end',
      () => torch.loadSafetensors(new Uint8Array(8).fill(255)),
      torch.FileFormatError,
      /^loadSafetensors: /,
    ],
    ['safetensors: no JSON', safe('nonsense'), torch.FileFormatError, /^loadSafetensors: /],
    [
      'safetensors: data beyond the end',
      safe('{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}'),
      torch.FileFormatError,
      /^loadSafetensors: /,
    ],
    [
      'safetensors: negative sizes',
      safe('{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}'),
      torch.FileFormatError,
      /^loadSafetensors: /,
    ],
    [
      'safetensors: sizes that overflow',
      safe('{"a":{"dtype":"F32","shape":[9007199254740991,9007199254740991],"data_offsets":[0,16]}}'),
      torch.FileFormatError,
      /^loadSafetensors: /,
    ],
    [
      'safetensors: backward offsets',
      safe('{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}'),
      torch.FileFormatError,
      /^loadSafetensors: /,
    ],
    [
      'npy: cut',
      () => torch.fromNumpy(odd(new Uint8Array([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 200, 0]))),
      torch.FileFormatError,
      /^fromNumpy: /,
    ],
    ['load: a file that is not there', () => torch.load('/nonexistent/x.pt'), Error, /ENOENT/],
    ['load: a number', () => torch.load(odd(5)), TypeError, /^load: /],
  ]);
});

describe('questions and settings', () => {
  check([
    ['numel', () => torch.numel(odd(1)), TypeError, /^numel: expected a Tensor/],
    ['isFloatingPoint', () => torch.isFloatingPoint(odd('x')), TypeError, /^isFloatingPoint: expected a Tensor/],
    ['resultType', () => torch.resultType(odd('x'), 1), TypeError, /^resultType: expected a Tensor or a number/],
    ['isclose: two dtypes', () => torch.isclose(x, x.long()), torch.DtypeError, /^isclose: .*float32.*int64/],
    ['allclose: two dtypes', () => torch.allclose(x, x.double()), torch.DtypeError, /^allclose: .*float32.*float64/],
    ['mT of a vector', () => torch.ones(2).mT, torch.ShapeError, /^mT: .*matrices/],
    ['setRngState: floats', () => torch.setRngState(x), torch.DtypeError, /^setRngState: /],
    ['setRngState: bytes', () => torch.setRngState(x.byte()), RangeError, /^setRngState: expected 5056 bytes$/],
    ['dropout1d', () => torch.nn.functional.dropout1d(torch.ones(2, 2, 2, 2)), torch.ShapeError, /^dropout1d: .*4D/],
    ['softmin', () => torch.nn.functional.softmin(odd(1)), TypeError, /^softmin: expected a Tensor/],
    ['clipGradNorm_', () => torch.nn.utils.clipGradNorm_(odd(1), 1), TypeError, /^clipGradNorm_: expected Tensors/],
  ]);
});
