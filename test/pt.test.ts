// torch.save's files: real ones (scripts/oracle-files.py), our own, and hostile ones. With FLAMBEAU_PYTHON set to a
// Python that has PyTorch, what we write is also loaded by torch.load(weights_only=True).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { FileFormatError } from '../lib/io/errors.ts';
import { formatPt, parsePt } from '../lib/io/pt.ts';
import type { ReadHooks, StorageRecord, TensorRecord } from '../lib/io/pt.ts';

interface Stored {
  good: { file: string; tree: unknown }[];
  refused: { file: string; word: string }[];
}
const { good, refused } = (
  JSON.parse(readFileSync(new URL('./oracle/files.json', import.meta.url), 'utf8')) as { pt: Stored }
).pt;
const fromBase64 = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** Stands for a tensor in these tests. */
class Fake {
  readonly record: TensorRecord<StorageRecord>;
  constructor(record: TensorRecord<StorageRecord>) {
    this.record = record;
  }
}
const hooks: ReadHooks<StorageRecord> = { storage: (record) => record, tensor: (record) => new Fake(record) };
const load = (bytes: Uint8Array): unknown => parsePt(bytes, hooks);
const save = (value: unknown): Uint8Array =>
  formatPt<StorageRecord>(value, {
    tensor: (object) => (object instanceof Fake ? object.record : null),
    bytes: (storage) => storage.bytes,
  });
const storage = (values: Float32Array): StorageRecord => ({
  key: '',
  dtype: 'float32',
  numel: values.length,
  bytes: new Uint8Array(values.buffer),
  location: 'cpu',
});
const tensor = (base: StorageRecord, sizes: number[], strides: number[], offset = 0): Fake =>
  new Fake({ storage: base, dtype: base.dtype, sizes, strides, offset, requiresGrad: false, isParameter: false });

/** The elements in row-major order, as base64. */
function elements({ record }: Fake): string {
  const { bytes, numel } = record.storage;
  const itemSize = bytes.length / numel;
  const out: number[] = [];
  const walk = (dim: number, at: number): void => {
    if (dim === record.sizes.length) out.push(...bytes.subarray(at * itemSize, (at + 1) * itemSize));
    else for (let i = 0; i < (record.sizes[dim] ?? 0); i++) walk(dim + 1, at + i * (record.strides[dim] ?? 0));
  };
  walk(0, record.offset);
  return Buffer.from(out).toString('base64');
}

/** The notation of scripts/oracle-files.py; storages are numbered as they are met. */
function tree(value: unknown, storages: unknown[] = []): unknown {
  if (value instanceof Fake) {
    const { storage: own, ...rest } = value.record;
    if (!storages.includes(own)) storages.push(own);
    return { tensor: { ...rest, storage: storages.indexOf(own), data: elements(value) } };
  }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (typeof value === 'bigint') return { int: String(value) };
  if (Array.isArray(value)) return value.map((item) => tree(item, storages));
  if (value instanceof Set) return { set: [...value].map((item) => tree(item, storages)) };
  if (typeof value !== 'object' || value === null) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return { dict: entries.map(([key, item]) => [tree(key, storages), tree(item, storages)]) };
}

/** The oracle's storage identities are Python's addresses: numbered in the same way. */
function numbered(oracle: unknown): unknown {
  const seen: unknown[] = [];
  return JSON.parse(
    JSON.stringify(oracle, (key, value: unknown) => {
      if (key !== 'storage') return value;
      if (!seen.includes(value)) seen.push(value);
      return seen.indexOf(value);
    }),
  );
}

/** A file around a pickle written by hand. */
function withPickle(pickle: string | Uint8Array, more: Record<string, Uint8Array> = {}): Uint8Array {
  const data = typeof pickle === 'string' ? new Uint8Array(Buffer.from(pickle, 'latin1')) : pickle;
  return zipSync({ 'archive/data.pkl': data, ...more }, { level: 0 });
}
const persistent = (numel: string): string =>
  `((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0\x30X\x03\0\0\0cpu${numel}tQ`;
const rebuilt = (numel: string, rest: string): string =>
  `ctorch._utils\n_rebuild_tensor_v2\n${persistent(numel)}${rest}\x89}tR.`;

describe('parsePt', () => {
  test('reads what torch.save writes', () => {
    for (const { file, tree: expected } of good) expect(tree(load(fromBase64(file)))).toEqual(numbered(expected));
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  test('names what it refuses', () => {
    for (const { file, word } of refused) {
      expect(() => load(fromBase64(file)), word).toThrow(FileFormatError);
      expect(() => load(fromBase64(file))).toThrow(word);
    }
  });

  test('keeps sharing, cycles and keys that are no identifiers', () => {
    const shared = load(fromBase64(good[1]?.file ?? '')) as Map<string, unknown>;
    expect(shared).toBeInstanceOf(Map);
    const pair = shared.get('shared') as unknown[];
    expect(pair[0]).toBe(pair[1]);
    const cycle = load(withPickle(']q\0h\0a.')) as unknown[];
    expect(cycle[0]).toBe(cycle);
    expect(parsePt(withPickle('}X\x01\0\0\0aNs.'), { ...hooks, dicts: 'map' })).toEqual(new Map([['a', null]]));
  });

  test('swaps big-endian storages', () => {
    const more = { 'archive/byteorder': Buffer.from('big'), 'archive/data/0': new Uint8Array([0x3f, 0x80, 0, 0]) };
    const one = load(withPickle(rebuilt('K\x01', 'K\0K\x01\x85K\x01\x85'), more)) as Fake;
    expect([...one.record.storage.bytes]).toEqual([0, 0, 0x80, 0x3f]);
  });

  const data = { 'archive/data/0': new Uint8Array(16) };
  test.each<[string, string]>([
    ['nothing', ''],
    ['an empty stack', '.'],
    ['a missing mark', 't.'],
    ['a mark too many', '(N.'],
    ['values left over', 'NN.'],
    ['protocol 6', '\x80\x06N.'],
    ['an unknown opcode', 'i.'],
    ['os.system', 'cos\nsystem\n(X\x02\0\0\0lstR.'],
    ['os.system by STACK_GLOBAL', '\x8c\x02os\x8c\x06system\x93(X\x02\0\0\0lstR.'],
    ['eval under its old name', 'c__builtin__\neval\n.'],
    ['torch attributes that are not data', 'ctorch\nload\n.'],
    ['a function as data', 'ctorch\nSize\n.'],
    ['calling text', 'X\x01\0\0\0a)R.'],
    ['a name without end', `c${'a'.repeat(2000)}`],
    ['text longer than the file', 'X\xff\xff\xff\xffa.'],
    ['text longer than 2^53', '\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.'],
    ['bytes longer than the file', 'B\xff\xff\xff\xffa.'],
    ['invalid UTF-8', 'X\x01\0\0\0\xff.'],
    ['a huge integer', `\x8b\0\0\x01\0${'a'.repeat(65536)}.`],
    ['an unset memo', 'h\0.'],
    ['items on a list', ']NNs.'],
    ['appending to a dict', '}Na.'],
    ['half an item', '}(Nu.'],
    ['an unhashable key', '}]Ns.'],
    ['attributes on a list', ']}b.'],
    ['10,000 nested lists', `${']'.repeat(10_000)}${'a'.repeat(9_999)}.`],
    ['a bomb of copies', `]q\0(${'N'.repeat(1000)}e${'c__builtin__\nset\nh\0\x85R0'.repeat(200)}.`],
    ['a storage as data', `${persistent('K\x04')}.`],
    ['a storage without data', rebuilt('M\0\x10', 'K\0K\x01\x85K\x01\x85')],
    ['a storage of 2^62 elements', rebuilt('\x8a\x08\0\0\0\0\0\0\0\x40', 'K\0K\x01\x85K\x01\x85')],
    ['a negative storage', rebuilt('J\xff\xff\xff\xff', 'K\0K\x01\x85K\x01\x85')],
    ['a tensor beyond its storage', rebuilt('K\x04', 'K\x01K\x04\x85K\x01\x85')],
    ['a stride beyond its storage', rebuilt('K\x04', 'K\0K\x02\x85K\x04\x85')],
    ['a negative stride', rebuilt('K\x04', 'K\x03K\x02\x85J\xff\xff\xff\xff\x85')],
    ['a negative offset', rebuilt('K\x04', 'J\xff\xff\xff\xffK\x02\x85K\x01\x85')],
    ['fewer strides than sizes', rebuilt('K\x04', 'K\0K\x01K\x01\x86K\x01\x85')],
    ['65 dimensions', rebuilt('K\x04', `K\0(${'K\x01'.repeat(65)}t(${'K\x01'.repeat(65)}t`)],
    ['sizes that overflow', rebuilt('K\x04', `K\0(${'M\xff\xff'.repeat(5)}t(${'K\0'.repeat(5)}t`)],
  ])('refuses %s', (_, pickle) => {
    expect(() => load(withPickle(pickle, data))).toThrow(FileFormatError);
  });

  test('refuses archives that are not what they say', () => {
    const pickle = new Uint8Array(Buffer.from('N.'));
    expect(() => load(zipSync({ 'archive/data.pkl': pickle }))).toThrow('compressed');
    expect(() => load(zipSync({ 'a/b': pickle }, { level: 0 }))).toThrow('no data.pkl');
    expect(() => load(withPickle('N.', { 'archive/byteorder': pickle }))).toThrow('byte order');
    expect(() => load(new Uint8Array(100))).toThrow(FileFormatError);
    expect(() => load(Buffer.from('PK\x05\x06'.padEnd(22, '\xff'), 'latin1'))).toThrow(FileFormatError);
  });

  test('survives truncation and random damage', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48271) % 0x7fffffff;
      return Math.floor((state / 0x7fffffff) * below);
    };
    const attempt = (bytes: Uint8Array): void => {
      try {
        load(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(FileFormatError);
      }
    };
    for (const { file } of good) {
      const bytes = fromBase64(file);
      for (let length = 0; length < bytes.length; length += 1 + random(30)) {
        expect(() => load(bytes.subarray(0, length))).toThrow(FileFormatError);
      }
      const pickle = Object.entries(unzipSync(bytes)).find(([name]) => name.endsWith('data.pkl'))?.[1] ?? bytes;
      for (let i = 0; i < 300; i++) {
        const damaged = [bytes.slice(), pickle.slice()] as const;
        for (const part of damaged) for (let n = random(4); n >= 0; n--) part[random(part.length)] = random(256);
        attempt(damaged[0]);
        attempt(withPickle(damaged[1], data));
      }
    }
  }, 60_000);
});

const base = storage(new Float32Array([1, 2, 3, 4, 5, 6]));
const list = [1, 2];
const sample = {
  model: new Map<string, unknown>([
    ['weight', tensor(base, [2, 3], [3, 1])],
    ['transposed', tensor(base, [3, 2], [1, 3])],
    ['row', tensor(base, [3], [1], 3)],
  ]),
  parameter: new Fake({ ...tensor(base, [2], [1]).record, requiresGrad: true, isParameter: true }),
  empty: tensor(storage(new Float32Array(0)), [0, 3], [3, 1]),
  scalar: tensor(storage(new Float32Array([2.5])), [], []),
  numbers: [
    0,
    1,
    255,
    256,
    65535,
    65536,
    -1,
    -129,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53 - 1,
    1e300,
    0.1,
    -0,
    NaN,
    Infinity,
  ],
  big: [2n ** 64n, -(2n ** 63n), -(2n ** 100n), 128n],
  text: ['', 'é😀', '\n\0', 'weight'],
  bytes: new Uint8Array([0, 128, 255]),
  flags: [true, false, null],
  keys: new Map<unknown, unknown>([
    [1, 'one'],
    [true, 'yes'],
    [null, 'none'],
    ['__proto__', 'a name'],
  ]),
  shared: [list, list],
  set: new Set([1, 'a']),
  many: Array.from({ length: 300 }, (_, i) => `name ${i}`),
};

describe('formatPt', () => {
  test('writes what parsePt reads', () => {
    const back = load(save(sample)) as typeof sample;
    const expected = tree({ ...sample, big: [2n ** 64n, -(2n ** 63n), -(2n ** 100n), 128] });
    expect(tree(back)).toEqual(expected);
    expect(back.shared[0]).toBe(back.shared[1]);
    expect(Object.is(back.numbers[13], -0)).toBe(true);
    expect(save(sample)).toEqual(save(sample));
  });

  test('puts tensor data at multiples of 64', () => {
    const file = Buffer.from(save([tensor(base, [6], [1])]));
    expect(file.indexOf(base.bytes) % 64).toBe(0);
  });

  test('says what it cannot store, and where', () => {
    expect(() => save({ a: { b: [1, () => 1] } })).toThrow('cannot store a function at a.b[1]');
    expect(() => save([new Date()])).toThrow('an object of class Date at [0]');
    expect(() => save({ a: new Float32Array(1) })).toThrow('Float32Array at a');
    expect(() => save('\ud800')).toThrow('Unicode');
    expect(() => save(2n ** 5000n)).toThrow(TypeError);
    let deep: unknown[] = [];
    for (let i = 0; i < 2000; i++) deep = [deep];
    expect(() => save(deep)).toThrow(RangeError);
    const twice = { ...tensor(base, [1], [1]).record, dtype: 'int32' as const };
    expect(() => save([tensor(base, [1], [1]), new Fake(twice)])).toThrow('viewed as float32 and as int32');
  });

  const python = process.env.FLAMBEAU_PYTHON;
  test.skipIf(python === undefined)(
    'writes what torch.load reads',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'flambeau-'));
      const file = join(folder, 'sample.pt');
      writeFileSync(file, save(sample));
      const program = `
import math, torch
from torch.utils.serialization import config
for offsets in (False, True):
  config.load.calculate_storage_offsets = offsets
  for mmap in (False, True):
    x = torch.load(${JSON.stringify(file)}, weights_only=True, mmap=mmap)
    w = x['model']['weight']
    assert w.tolist() == [[1, 2, 3], [4, 5, 6]] and x['model']['transposed'].tolist() == w.t().tolist()
    assert x['model']['row'].tolist() == [4, 5, 6]
    assert len({t.untyped_storage().data_ptr() for t in x['model'].values()}) == 1
    assert mmap is False or w.data_ptr() % 64 == 0
    assert isinstance(x['parameter'], torch.nn.Parameter) and x['parameter'].requires_grad
    assert x['empty'].shape == (0, 3) and x['scalar'].item() == 2.5
    n = x['numbers']
    assert n[:13] == [0, 1, 255, 256, 65535, 65536, -1, -129, 2**31, -2**31 - 1, 2**53 - 1, 1e300, 0.1], n
    assert all(type(i) is int for i in n[:11]) and math.copysign(1, n[13]) == -1 and math.isnan(n[14])
    assert n[15] == math.inf
    assert x['big'] == [2**64, -2**63, -2**100, 128] and x['text'] == ['', 'é😀', '\\n\\0', 'weight']
    assert x['bytes'] == b'\\x00\\x80\\xff' and x['flags'] == [True, False, None] and x['set'] == {1, 'a'}
    assert x['keys'] == {1: 'yes', None: 'none', '__proto__': 'a name'} and x['shared'][0] is x['shared'][1]
    assert x['many'][299] == 'name 299'
  torch.load(${JSON.stringify(file)}, weights_only=True, map_location='meta')
`;
      try {
        execFileSync(python ?? '', ['-c', program], { stdio: 'pipe' });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    120_000,
  );
});
