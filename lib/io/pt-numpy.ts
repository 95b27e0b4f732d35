// NumPy's single numbers in torch.save's files (a best accuracy, an epoch): read as numbers where the caller allows more than
// weights. Called by pt.ts. As everywhere, nothing of the file is run.
import { FileFormatError } from './errors.ts';
import { PyGlobal, PyTuple } from './unpickle.ts';

const SCALARS: ReadonlySet<string> = new Set(['numpy.core.multiarray.scalar', 'numpy._core.multiarray.scalar']);

/** A dtype of NumPy: its code, such as `f8`, and its byte order. */
class NumpyType {
  readonly code: string;
  little = true;
  constructor(code: string) {
    this.code = code;
  }
}

/** The globals that such a number is made of. */
export const numpyGlobal = (path: string): PyGlobal | undefined =>
  SCALARS.has(path) || path === 'numpy.dtype' ? new PyGlobal(path) : undefined;

function fail(message: string): never {
  throw new FileFormatError(`load: ${message}`);
}

/** float16, which a DataView does not read everywhere. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
function whole(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Calls one of them; undefined for others. */
export function numpyCall(path: string, args: readonly unknown[]): unknown {
  const [first, second] = args;
  if (path === 'numpy.dtype') {
    if (typeof first !== 'string' || !/^([fiu][1248]|b1)$/.test(first)) fail('a dtype of NumPy that is not supported');
    return new NumpyType(first);
  }
  if (!SCALARS.has(path)) return undefined;
  if (!(first instanceof NumpyType) || !(second instanceof Uint8Array) || second.length !== Number(first.code[1]))
    return fail('a number of NumPy is made of something else than its bytes');
  const view = new DataView(second.buffer, second.byteOffset, second.length);
  const { code, little } = first;
  switch (code) {
    case 'b1':
      return second[0] !== 0;
    case 'f2':
      return half(view.getUint16(0, little));
    case 'f4':
      return view.getFloat32(0, little);
    case 'f8':
      return view.getFloat64(0, little);
    case 'i1':
      return view.getInt8(0);
    case 'i2':
      return view.getInt16(0, little);
    case 'i4':
      return view.getInt32(0, little);
    case 'i8':
      return whole(view.getBigInt64(0, little));
    case 'u1':
      return view.getUint8(0);
    case 'u2':
      return view.getUint16(0, little);
    case 'u4':
      return view.getUint32(0, little);
    case 'u8':
      return whole(view.getBigUint64(0, little));
    default:
      return fail(`a number of NumPy of dtype ${code}`);
  }
}
/** The state of a dtype: its byte order. */
export function numpyBuild(target: unknown, state: unknown): boolean {
  if (!(target instanceof NumpyType) || !(state instanceof PyTuple)) return false;
  target.little = state.items[1] !== '>';
  return true;
}
