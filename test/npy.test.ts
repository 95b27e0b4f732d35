// .npy files against NumPy's own (scripts/oracle-files.py), and damaged ones.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import { FileFormatError } from '../lib/io/errors.ts';
import { formatNpy, parseNpy } from '../lib/io/npy.ts';

interface Row {
  file: string;
  dtype: DTypeName;
  sizes: number[];
  fortranOrder: boolean;
  data: string;
  plain: boolean;
}
const stored = JSON.parse(readFileSync(new URL('./oracle/files.json', import.meta.url), 'utf8')) as {
  npy: { good: Row[]; refused: string[] };
};
const { good, refused } = stored.npy;
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** A file with the given header text. */
function withHeader(text: string, data = 64): Uint8Array {
  const header = Buffer.from(text);
  const out = new Uint8Array(10 + header.length + data);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  out.set(header, 10);
  return out;
}

describe('parseNpy', () => {
  test.each(good)(
    'reads $dtype of $sizes, Fortran order $fortranOrder',
    ({ file, dtype, sizes, fortranOrder, data }) => {
      expect(parseNpy(bytes(file))).toEqual({ dtype, sizes, fortranOrder, data: bytes(data) });
    },
  );

  test('refuses dtypes that are not ours', () => {
    for (const file of refused) expect(() => parseNpy(bytes(file))).toThrow(/^npy: .*not supported/);
  });

  test('refuses impossible headers', () => {
    const rest = "'fortran_order': False, ";
    for (const text of [
      '',
      '{}',
      `{'descr': '<f4', ${rest}}`,
      `{'descr': '<f4', ${rest}'shape': (-1,), }`,
      `{'descr': '<f4', ${rest}'shape': (1.5,), }`,
      `{'descr': '<f4', ${rest}'shape': (4), }`,
      `{'descr': '<f4', ${rest}'shape': (4,,), }`,
      `{'descr': '<f4', ${rest}'shape': (99999999999999999999,), }`,
      `{'descr': '<f4', ${rest}'shape': (4294967296, 4294967296), }`,
      `{'descr': '<f4', ${rest}'shape': (100000000000,), }`,
      `{'descr': '<f4', ${rest}'shape': (${'1,'.repeat(65)}), }`,
      `{'descr': '<f4', 'descr': '<f4', ${rest}'shape': (1,), }`,
      `{'descr': '|f4', ${rest}'shape': (1,), }`,
      `{'descr': '?f4', ${rest}'shape': (1,), }`,
      `{'descr': '<f4', ${rest}'shape': (1,), 'more': True}`,
      `{'descr': __import__('os'), ${rest}'shape': (1,), }`,
    ]) {
      expect(() => parseNpy(withHeader(text)), text).toThrow(FileFormatError);
    }
    expect(parseNpy(withHeader(`{"shape":(3L,1,),"fortran_order":False,"descr":'=f4'}`)).sizes).toEqual([3, 1]);
  });

  test('survives truncation and random damage', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48271) % 0x7fffffff;
      return Math.floor((state / 0x7fffffff) * below);
    };
    for (const row of good) {
      const file = bytes(row.file);
      for (let length = 0; length < file.length; length++) {
        expect(() => parseNpy(file.subarray(0, length))).toThrow(FileFormatError);
      }
      for (let i = 0; i < 200; i++) {
        const damaged = file.slice();
        for (let n = random(4); n >= 0; n--) damaged[random(Math.min(file.length, 128))] = random(256);
        try {
          const { data } = parseNpy(damaged);
          expect(data.length).toBeLessThanOrEqual(damaged.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }
    }
  });
});

describe('formatNpy', () => {
  test('writes the bytes that numpy.save writes', () => {
    for (const { file, dtype, sizes, data } of good.filter((row) => row.plain)) {
      expect(Buffer.from(formatNpy({ dtype, sizes, data: bytes(data) })).toString('base64')).toBe(file);
    }
  });

  test('checks what it is given', () => {
    expect(() => formatNpy({ dtype: 'bfloat16', sizes: [1], data: new Uint8Array(2) })).toThrow(TypeError);
    expect(() => formatNpy({ dtype: 'float32', sizes: [1], data: new Uint8Array(3) })).toThrow(
      '4 bytes but received 3',
    );
  });
});
