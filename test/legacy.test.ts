// torch.save's old format, without a zip: real files hold what the new ones hold, and damaged ones are errors.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { Random } from './fuzz/random.ts';

const { files, refused, numpy } = JSON.parse(
  readFileSync(new URL('./oracle/legacy.json', import.meta.url), 'utf8'),
) as {
  files: [old: string, now: string][];
  refused: [file: string, word: string][];
  numpy: [file: string, values: unknown[]];
};
const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');

/** Everything of a value; storages are numbered as they are met. */
function described(value: unknown, storages: unknown[] = []): unknown {
  if (value instanceof torch.Tensor) {
    if (!storages.includes(value.storage)) storages.push(value.storage);
    return {
      kind: value.constructor.name,
      dtype: value.dtype,
      sizes: [...value.shape],
      strides: value.stride(),
      offset: value.storageOffset(),
      grad: value.requiresGrad,
      storage: storages.indexOf(value.storage),
      values: value.tolist(),
    };
  }
  if (Array.isArray(value)) return value.map((v) => described(v, storages));
  if (value instanceof Map) return [...value].map(([k, v]) => [k, described(v, storages)]);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value).map(([k, v]) => [k, described(v, storages)]);
}

test('reads the old format', () => {
  for (const [old, now] of files) expect(described(torch.load(bytes(old)))).toEqual(described(torch.load(bytes(now))));
});

test('names what it refuses, and why', () => {
  for (const [file, word] of refused) {
    expect(() => torch.load(bytes(file))).toThrow(torch.FileFormatError);
    expect(() => torch.load(bytes(file))).toThrow(word);
  }
  expect(() => torch.load(Buffer.from('\x80\x02K\x01.', 'latin1'))).toThrow(
    /a pickle, but not one that torch.save wrote/,
  );
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-'));
  try {
    const path = join(folder, 'old.pt');
    writeFileSync(path, bytes(files[0]![0]));
    expect(() => torch.load(path, { mmap: true })).toThrow(/old format, which cannot be mapped/);
    const tar = Buffer.alloc(1024);
    tar.write('ustar', 257);
    expect(() => torch.load(tar)).toThrow(/tar format of PyTorch 0.1/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('single numbers of NumPy are read where more than weights is asked for', () => {
  const [file, values] = numpy;
  expect(() => torch.load(bytes(file))).toThrow(/values of NumPy are no weights: .* with { weightsOnly: false }/);
  expect(torch.load<{ best: unknown[] }>(bytes(file), { weightsOnly: false }).best).toEqual(values);
});

test('survives truncation and random damage', () => {
  const random = new Random(5);
  for (const [old] of files) {
    const whole = bytes(old);
    for (let i = 0; i < 400; i++) {
      const bad = Buffer.from(i % 4 === 0 ? whole.subarray(0, random.below(whole.length)) : whole);
      if (i % 4 !== 0) for (let n = 0; n <= i % 3; n++) bad[random.below(bad.length)] = random.below(256);
      try {
        torch.load(bad);
      } catch (error) {
        if (!(error instanceof torch.FileFormatError)) throw error;
      }
    }
  }
});
