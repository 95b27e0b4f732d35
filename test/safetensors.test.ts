// safetensors files against the official library's own (scripts/oracle-files.py), and hostile ones.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import { FileFormatError } from '../lib/io/errors.ts';
import { parseSafetensors, serializeSafetensors } from '../lib/io/safetensors.ts';
import type { SafeTensor } from '../lib/io/safetensors.ts';

interface Row {
  file: string;
  metadata: Record<string, string> | null;
  tensors: Record<string, { dtype: DTypeName; sizes: number[]; data: string }>;
}
const { safetensors: rows } = JSON.parse(readFileSync(new URL('./oracle/files.json', import.meta.url), 'utf8')) as {
  safetensors: Row[];
};
const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const tensorsOf = (row: Row): Map<string, SafeTensor> =>
  new Map(Object.entries(row.tensors).map(([name, tensor]) => [name, { ...tensor, data: bytes(tensor.data) }]));

/** A file with the given header and so many bytes after it. */
function withHeader(header: string | Uint8Array, data = 0, length?: bigint): Uint8Array {
  const text = Buffer.from(header);
  const out = new Uint8Array(8 + text.length + data);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  out.set(text, 8);
  return out;
}
const row = (dtype: string, shape: string, offsets: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`;

describe('parseSafetensors', () => {
  test('reads what the official library writes', () => {
    for (const stored of rows) {
      const { tensors, metadata } = parseSafetensors(bytes(stored.file));
      expect(Object.fromEntries(metadata)).toEqual(stored.metadata ?? {});
      expect(tensors).toEqual(tensorsOf(stored));
    }
    expect(Object.hasOwn(Object.prototype, 'dtype')).toBe(false);
  });

  test('accepts what the official library accepts', () => {
    const file = withHeader(
      `{ "b": ${row('U8', '[2]', '[0,2]')} , "__metadata__":null, "a":${row('I8', '[]', '[2, 3]')}}\n `,
      3,
    );
    expect([...parseSafetensors(file).tensors.keys()]).toEqual(['b', 'a']);
    const extra = withHeader(
      '{"a":{"more":{"x":[1,-2.5e3,"y",true]},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      1,
    );
    expect(parseSafetensors(extra).tensors.get('a')?.sizes).toEqual([1]);
  });

  test.each<[string, string, number]>([
    ['an empty header', '', 0],
    ['no JSON', '{', 0],
    ['an array', '[]', 0],
    ['text after the header', '{} x', 0],
    ['a trailing comma', `{"a":${row('U8', '[1]', '[0,1]')},}`, 1],
    ['a byte order mark', '\ufeff{}', 0],
    ['a lone surrogate', `{"\\ud800":${row('U8', '[1]', '[0,1]')}}`, 1],
    ['a control character', '{"\n":1}', 0],
    ['a wrong escape', '{"\\x":1}', 0],
    ['an unfinished string', '{"abc', 0],
    ['endless nesting', `{"a":${'['.repeat(100_000)}`, 0],
    ['a name twice', `{"a":${row('U8', '[1]', '[0,1]')},"a":${row('U8', '[1]', '[0,1]')}}`, 1],
    ['a field twice', '{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1],
    ['__metadata__ twice', '{"__metadata__":{},"__metadata__":{}}', 0],
    ['metadata that is no text', '{"__metadata__":{"a":1}}', 0],
    ['an overlap', `{"a":${row('U8', '[2]', '[0,2]')},"b":${row('U8', '[2]', '[1,3]')}}`, 3],
    ['the same bytes twice', `{"a":${row('U8', '[2]', '[0,2]')},"b":${row('U8', '[2]', '[0,2]')}}`, 2],
    ['a hole', `{"a":${row('U8', '[1]', '[0,1]')},"b":${row('U8', '[1]', '[2,3]')}}`, 3],
    ['a hole before the first', `{"a":${row('U8', '[1]', '[1,2]')}}`, 2],
    ['too little data', `{"a":${row('U8', '[4]', '[0,4]')}}`, 3],
    ['too much data', `{"a":${row('U8', '[4]', '[0,4]')}}`, 5],
    ['offsets backwards', `{"a":${row('U8', '[0]', '[1,0]')}}`, 1],
    ['one offset', `{"a":${row('U8', '[1]', '[0]')}}`, 1],
    ['a wrong size', `{"a":${row('F32', '[1]', '[0,1]')}}`, 1],
    ['a negative size', `{"a":${row('U8', '[-1,-1]', '[0,1]')}}`, 1],
    ['a fraction', `{"a":${row('U8', '[1.0]', '[0,1]')}}`, 1],
    ['an exponent', `{"a":${row('U8', '[1e0]', '[0,1]')}}`, 1],
    ['a number as text', `{"a":${row('U8', '["1"]', '[0,1]')}}`, 1],
    ['a leading zero', `{"a":${row('U8', '[01]', '[0,1]')}}`, 1],
    ['overflow', `{"a":${row('U8', '[4294967296,4294967296,2]', '[0,1]')}}`, 1],
    ['overflow hidden by a zero', `{"a":${row('F64', '[9007199254740991,9007199254740991,0]', '[0,0]')}}`, 0],
    ['a huge offset', `{"a":${row('U8', '[1]', '[0,18446744073709551616]')}}`, 1],
    ['an unknown dtype', `{"a":${row('F8_E4M3', '[1]', '[0,1]')}}`, 1],
    ['a dtype of Object.prototype', `{"a":${row('constructor', '[1]', '[0,1]')}}`, 1],
    ['a missing field', '{"a":{"dtype":"U8","shape":[1]}}', 1],
    ['null for a tensor', '{"a":null}', 0],
  ])('refuses %s', (_, header, data) => {
    expect(() => parseSafetensors(withHeader(header, data))).toThrow(FileFormatError);
  });

  test('refuses impossible lengths and text', () => {
    expect(() => parseSafetensors(new Uint8Array(7))).toThrow('the file ends after 7 bytes');
    expect(() => parseSafetensors(withHeader('{}', 0, 3n))).toThrow('header of 3 bytes, but the file ends after 10');
    expect(() => parseSafetensors(withHeader('{}', 0, 100_000_001n))).toThrow('too long');
    expect(() => parseSafetensors(withHeader('{}', 0, 2n ** 64n - 1n))).toThrow('too long');
    expect(() => parseSafetensors(withHeader(new Uint8Array([0x7b, 0x22, 0xff, 0x22])))).toThrow('UTF-8');
  });

  test('survives truncation and random damage', () => {
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48271) % 0x7fffffff;
      return Math.floor((state / 0x7fffffff) * below);
    };
    for (const stored of rows) {
      const file = bytes(stored.file);
      for (let length = 0; length < file.length; length++) {
        expect(() => parseSafetensors(file.subarray(0, length))).toThrow(FileFormatError);
      }
      for (let i = 0; i < 500; i++) {
        const damaged = file.slice();
        for (let n = random(3); n >= 0; n--) damaged[random(file.length)] = random(256);
        try {
          parseSafetensors(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(FileFormatError);
        }
      }
    }
  });
});

describe('serializeSafetensors', () => {
  test('writes the bytes that the official library writes', () => {
    for (const stored of rows) {
      const metadata = stored.metadata === null ? null : new Map(Object.entries(stored.metadata));
      const written = serializeSafetensors(tensorsOf(stored), metadata);
      expect(Buffer.from(written).toString('base64')).toBe(stored.file);
    }
  });

  test('checks what it is given', () => {
    const one = { dtype: 'uint8', sizes: [1], data: new Uint8Array(1) } as const;
    expect(() => serializeSafetensors(new Map([['a', { ...one, sizes: [2] }]]))).toThrow(TypeError);
    expect(() => serializeSafetensors(new Map([['__metadata__', one]]))).toThrow(TypeError);
    expect(() => serializeSafetensors(new Map([['\ud800', one]]))).toThrow('Unicode');
  });
});
