// Files that are mapped into memory instead of read, larger ones than an array can be among them; and NumPy's .npz.
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

const oracle = JSON.parse(readFileSync(new URL('./oracle/data.json', import.meta.url), 'utf8')) as {
  npz: string[];
  pt: string;
};
const root = mkdtempSync(join(tmpdir(), 'flambeau-mapped-'));
afterAll(() => {
  torch.emptyCache();
  rmSync(root, { recursive: true });
});
const path = (name: string): string => join(root, name);
type Weights = { w: torch.Tensor; t: torch.Tensor; n: torch.Tensor; epoch: number };

describe('torch.load with mmap', () => {
  const bytes = Buffer.from(oracle.pt, 'base64');
  writeFileSync(path('a.pt'), bytes);
  test('gives what it gives without', () => {
    const mapped = torch.load<Weights>(path('a.pt'), { mmap: true });
    const read = torch.load<Weights>(path('a.pt'));
    expect(mapped.epoch).toBe(3);
    for (const key of ['w', 't', 'n'] as const) {
      expect(mapped[key].equal(read[key])).toBe(true);
      expect(mapped[key].stride()).toEqual(read[key].stride());
    }
    // what is written stays here, and views share it
    mapped.w.index(0, 3).fill_(-1);
    expect(mapped.w.view(-1).index(3).item()).toBe(-1);
    expect(readFileSync(path('a.pt')).equals(bytes)).toBe(true);
    torch.save(mapped, path('b.pt'));
    const again = torch.load<Weights>(pathToFileURL(path('b.pt')), 'cpu', { mmap: true, weightsOnly: true });
    expect(again.t.equal(mapped.t)).toBe(true);
  });
  test('refuses what it cannot map', () => {
    const load = (name: string) => () => torch.load(path(name), { mmap: true });
    expect(() => torch.load(bytes, { mmap: true })).toThrow(/^load: expected a path in order to use mmap/);
    expect(() => torch.load(path('a.pt'), { mmap: 1 as never })).toThrow(TypeError);
    expect(load('none.pt')).toThrow(/ENOENT/);
    writeFileSync(path('old.pt'), Buffer.from([0x80, 2, 0x8a]));
    expect(load('old.pt')).toThrow(/PyTorch's old format/);
    torch.saveNpz({ x: torch.zeros(1000) }, path('x.npz'), true);
    expect(load('x.npz')).toThrow(/is compressed, which cannot be mapped/);
  });
  test('survives truncation and damage', () => {
    let errors = 0;
    for (let i = 0; i < 600; i++) {
      const broken = i < 200 ? bytes.subarray(0, Math.floor((bytes.length * i) / 200)) : Buffer.from(bytes);
      if (i >= 200) broken[(i * 7919) % bytes.length]! ^= 1 << (i % 8);
      if (i >= 400) broken[bytes.length - 1 - ((i * 31) % 900)]! ^= 0xff;
      writeFileSync(path('broken.pt'), broken);
      try {
        const got = torch.load<Partial<Weights>>(path('broken.pt'), { mmap: true });
        for (const x of Object.values(got)) if (x instanceof torch.Tensor) x.toTypedArray();
      } catch (error) {
        errors++;
        if (!(error instanceof torch.FileFormatError)) throw error;
      }
    }
    expect(errors).toBeGreaterThan(200);
  });
});

describe('safetensors', () => {
  test('mapped as read', () => {
    const tensors = {
      a: torch.rand(100, 100),
      b: torch.arange(7),
      c: torch.tensor([true, false]),
      d: torch.zeros(0, 3),
      e: torch.rand(3).to('bfloat16'),
    };
    torch.saveSafetensors(tensors, path('a.safetensors'));
    const mapped = torch.loadSafetensors(path('a.safetensors'), { mmap: true });
    expect(Object.keys(mapped).sort()).toEqual(Object.keys(tensors));
    for (const [name, x] of Object.entries(tensors)) expect(mapped[name]!.equal(x), name).toBe(true);
    mapped.a!.add_(1);
    expect(torch.loadSafetensors(path('a.safetensors')).a!.equal(tensors.a)).toBe(true);
  });
  test('data that is not aligned is copied', () => {
    const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}\n';
    const out = Buffer.alloc(8 + header.length + 8);
    out.writeBigUInt64LE(BigInt(header.length));
    out.write(header, 8);
    out.writeFloatLE(1.5, 8 + header.length);
    writeFileSync(path('odd.safetensors'), out);
    expect((8 + header.length) % 4).not.toBe(0);
    expect(torch.loadSafetensors(path('odd.safetensors'), { mmap: true }).x!.tolist()).toEqual([1.5, 0]);
    writeFileSync(path('short.safetensors'), out.subarray(0, out.length - 1));
    expect(() => torch.loadSafetensors(path('short.safetensors'), { mmap: true })).toThrow(torch.FileFormatError);
    writeFileSync(path('none.safetensors'), '');
    expect(() => torch.loadSafetensors(path('none.safetensors'), { mmap: true })).toThrow(torch.FileFormatError);
  });
  test('a file of 5 GB, of which two pages are read', () => {
    const rows = 1_250_000;
    const header = `{"big":{"dtype":"F32","shape":[${rows},1000],"data_offsets":[0,${rows * 4000}]}}`.padEnd(120);
    const file = openSync(path('big.safetensors'), 'w');
    const start = Buffer.alloc(128);
    start.writeBigUInt64LE(120n);
    start.write(header, 8);
    writeSync(file, start);
    ftruncateSync(file, 128 + rows * 4000);
    writeSync(file, new Float32Array([7]), 0, 4, 128 + rows * 4000 - 4);
    closeSync(file);
    const { big } = torch.loadSafetensors(path('big.safetensors'), { mmap: true });
    expect(big!.index(-1, '-2:').tolist()).toEqual([0, 7]);
    expect(torch.memoryStats().live).toBeLessThan(2 ** 28);
  });
});

describe('.npz', () => {
  test('of NumPy, packed and not', () => {
    for (const text of oracle.npz) {
      const { x, y, z, n, ...rest } = torch.loadNpz(Buffer.from(text, 'base64'));
      expect(rest).toEqual({});
      expect([x!.dtype, y!.dtype, z!.dtype, n!.dtype]).toEqual(['float32', 'bool', 'float64', 'int64']);
      expect(x!.tolist()).toEqual([
        [0, 1, 2],
        [3, 4, 5],
      ]);
      expect([y!.tolist(), n!.item()]).toEqual([[true, false], 7]);
      expect(z!.tolist()).toEqual([
        [1, 0, 0],
        [0, 1, 0],
      ]);
    }
  });
  test('there and back', () => {
    const tensors = { a: torch.rand(3, 4), 'b.c': torch.arange(1000), __proto__x: torch.tensor(true) };
    for (const compressed of [false, true]) {
      torch.saveNpz(tensors, path('t.npz'), { compressed });
      const back = torch.loadNpz(path('t.npz'));
      expect(Object.keys(back).sort()).toEqual(Object.keys(tensors).sort());
      for (const [name, x] of Object.entries(tensors)) expect(back[name]!.equal(x)).toBe(true);
    }
    expect(() => torch.saveNpz({ x: torch.ones(2).to('bfloat16') }, path('t.npz'))).toThrow(
      /^saveNpz: NumPy has no bfloat16/,
    );
  });
  test('damaged ones are errors', () => {
    const bytes = Buffer.from(oracle.npz[1]!, 'base64');
    let errors = 0;
    for (let i = 0; i < 300; i++) {
      const broken = Buffer.from(i < 100 ? bytes.subarray(0, Math.floor((bytes.length * i) / 100)) : bytes);
      if (i >= 100) broken[(i * 7919) % bytes.length]! ^= 1 << (i % 8);
      try {
        torch.loadNpz(broken);
      } catch (error) {
        errors++;
        if (!(error instanceof torch.FileFormatError)) throw error;
      }
    }
    expect(errors).toBeGreaterThan(100);
  });
});
