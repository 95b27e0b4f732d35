// Reads Python pickles without Python: it can build data and nothing else. Called by pt.ts, which says what a
// persistent id (a storage) and a rebuilt tensor are. The writer is pickle.ts.
import { FileFormatError } from './errors.ts';

/** A global that a pickle names: never looked up, only compared with the short list in `globals`. */
export class PyGlobal {
  /** `module.name`, such as `torch.FloatStorage`. */
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

/** A Python tuple. */
export class PyTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** What the reader does not know by itself. */
export interface UnpickleHooks {
  /** A value for a persistent id. */
  persistent(id: unknown): unknown;
  /** Whether a global may be named, and if it stands for a plain value, which: undefined refuses it. */
  global(path: string): PyGlobal | string | undefined;
  /** Why a global is refused, where more can be said than that it is no plain data. */
  refusal?(path: string): string | undefined;
  /** Calls a global with arguments: only ever one that `global` has let through. */
  call(path: string, args: readonly unknown[]): unknown;
  /** Sets the state of what `call` made; false refuses it. */
  build?(target: unknown, state: unknown): boolean;
  /** Whether the short and long strings of Python 2 are bytes, to be read as Latin-1. */
  readonly latin1?: boolean;
}

const maxIntegerBytes = 4096;
/** Not a value that a pickle can hold. */
const nothing: unique symbol = Symbol('nothing');
const utf8: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Containers that need no hook, under the names of Python 2 and 3. */
const builtinGlobals: ReadonlySet<string> = new Set([
  'collections.OrderedDict',
  'collections.Counter',
  '_codecs.encode',
  'builtins.set',
  'builtins.frozenset',
  'builtins.bytearray',
  'builtins.bytes',
]);

/**
 * Reads a pickle: dict as Map, list as array, tuple as PyTuple, set as Set, bytes as Uint8Array, int as number or,
 * beyond 2^53, bigint. Runs no code; time and memory are bounded by a small multiple of the input's length.
 */
export function unpickle(bytes: Uint8Array, hooks: UnpickleHooks): unknown {
  return new Unpickler(bytes, hooks, 0).run();
}
/** As unpickle, for one of several pickles in a row: also says where it ends. */
export function unpickleAt(bytes: Uint8Array, at: number, hooks: UnpickleHooks): { value: unknown; end: number } {
  const reader = new Unpickler(bytes, hooks, at);
  return { value: reader.run(), end: reader.position };
}

function fail(message: string): never {
  throw new FileFormatError(`pickle: ${message}`);
}

class Unpickler {
  private at: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly hooks: UnpickleHooks;
  private stack: unknown[] = [];
  private readonly marks: unknown[][] = [];
  private readonly memo = new Map<number, unknown>();
  /** What calls such as set(list) may copy in all: honest pickles spend a byte on every item, bombs reuse the memo. */
  private budget: number;

  constructor(bytes: Uint8Array, hooks: UnpickleHooks, at: number) {
    this.at = at;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.hooks = hooks;
    this.budget = bytes.length;
  }

  get position(): number {
    return this.at;
  }
  run(): unknown {
    for (;;) {
      const op = String.fromCharCode(this.u8());
      if (op === '.') {
        const result = this.pop();
        if (this.stack.length > 0 || this.marks.length > 0) fail('values are left over at its end');
        return result;
      }
      const value = this.step(op);
      if (value !== nothing) this.stack.push(value);
    }
  }

  /** What the opcode leaves on the stack, or `nothing`. */
  private step(op: string): unknown {
    switch (op) {
      case '\x80': {
        const protocol = this.u8();
        if (protocol > 5) fail(`protocol ${protocol} is not known`);
        return nothing;
      }
      case '\x95':
        this.take(8); // a frame is only a hint for buffering
        return nothing;
      case '(':
        this.marks.push(this.stack);
        this.stack = [];
        return nothing;
      case '0':
        this.pop();
        return nothing;
      case '1':
        this.popMark();
        return nothing;
      case '2':
        return this.top();
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'J':
        return this.u32() | 0;
      case 'K':
        return this.u8();
      case 'M':
        return this.u8() | (this.u8() << 8);
      case '\x8a':
        return this.long(this.u8());
      case '\x8b':
        return this.long(this.u32());
      case 'G':
        this.take(8);
        return this.view.getFloat64(this.at - 8, false);
      case 'U':
        return this.hooks.latin1 ? this.latin1Text(this.u8()) : this.text(this.u8());
      case 'T':
        return this.hooks.latin1 ? this.latin1Text(this.u32()) : this.text(this.u32());
      case '\x8c':
        return this.text(this.u8());
      case 'X':
        return this.text(this.u32());
      case '\x8d':
        return this.text(this.u64());
      case 'C':
        return this.take(this.u8()).slice();
      case 'B':
        return this.take(this.u32()).slice();
      case '\x8e':
      case '\x96':
        return this.take(this.u64()).slice();
      case ']':
        return [];
      case 'l':
        return this.popMark();
      case 'a':
      case 'e': {
        const items = op === 'a' ? [this.pop()] : this.popMark();
        const list = this.list();
        for (const item of items) list.push(item);
        return nothing;
      }
      case ')':
        return new PyTuple([]);
      case '\x85':
      case '\x86':
      case '\x87': {
        const count = op.charCodeAt(0) - 0x84;
        if (this.stack.length < count) fail('a tuple has too few items');
        return new PyTuple(this.stack.splice(-count));
      }
      case 't':
        return new PyTuple(this.popMark());
      case '}':
        return new Map();
      case 'd': {
        const items = this.popMark();
        return this.setItems(new Map(), items);
      }
      case 's':
        if (this.stack.length < 2) fail('a dict item is missing');
        this.setItems(this.stack.at(-3), this.stack.splice(-2));
        return nothing;
      case 'u': {
        const items = this.popMark();
        this.setItems(this.top(), items);
        return nothing;
      }
      case '\x8f':
        return new Set();
      case '\x90': {
        const items = this.popMark();
        const set = this.top();
        if (!(set instanceof Set)) fail('items are added to something that is no set');
        for (const item of items) set.add(key(item));
        return nothing;
      }
      case '\x91':
        return new Set(this.popMark().map(key));
      case 'h':
        return this.recall(this.u8());
      case 'j':
        return this.recall(this.u32());
      case 'q':
        this.memo.set(this.u8(), this.top());
        return nothing;
      case 'r':
        this.memo.set(this.u32(), this.top());
        return nothing;
      case '\x94':
        this.memo.set(this.memo.size, this.top());
        return nothing;
      case 'c':
        return this.global(this.line(), this.line());
      case '\x93': {
        const name = this.pop();
        const module = this.pop();
        if (typeof module !== 'string' || typeof name !== 'string') fail('a global has a name that is no text');
        return this.global(module, name);
      }
      case 'R':
      case '\x81': {
        const args = this.pop();
        const callee = this.pop();
        if (!(callee instanceof PyGlobal)) fail('something is called that is no known function');
        if (!(args instanceof PyTuple)) fail(`${callee.path} is called without a tuple of arguments`);
        return this.call(callee.path, args.items);
      }
      case 'b': {
        // The state that state_dict() hangs on its OrderedDict (`_metadata`) is of no use here.
        const state = this.pop();
        if (this.hooks.build?.(this.top(), state)) return nothing;
        if (!(this.top() instanceof Map)) fail('attributes are set on something that is no OrderedDict');
        return nothing;
      }
      case 'Q':
        return this.hooks.persistent(this.pop());
      default: {
        const code = op.charCodeAt(0).toString(16).padStart(2, '0');
        fail(`opcode 0x${code} at byte ${this.at - 1} is not supported`);
      }
    }
  }

  private global(module: string, name: string): unknown {
    const path = `${module === '__builtin__' ? 'builtins' : module}.${name}`;
    if (builtinGlobals.has(path)) return new PyGlobal(path);
    const found = this.hooks.global(path);
    if (found === undefined) {
      const why = this.hooks.refusal?.(path) ?? 'only tensors and plain data are read';
      fail(`refuses the global ${printable(path)}: ${why}`);
    }
    return found;
  }

  private call(path: string, args: readonly unknown[]): unknown {
    const [first, second] = args;
    switch (path) {
      case 'collections.OrderedDict': {
        const map = new Map<unknown, unknown>();
        if (args.length === 0) return map;
        if (!Array.isArray(first)) break;
        this.charge(first.length);
        for (const pair of first) {
          const items = pair instanceof PyTuple ? pair.items : pair;
          if (!Array.isArray(items) || items.length !== 2) fail('an OrderedDict is made of something else than pairs');
          map.set(key(items[0]), items[1]);
        }
        return map;
      }
      case 'collections.Counter':
        if (args.length === 0) return new Map();
        if (!(first instanceof Map)) break;
        this.charge(first.size);
        return new Map(first);
      case 'builtins.set':
      case 'builtins.frozenset':
        if (args.length === 0) return new Set();
        if (!Array.isArray(first)) break;
        this.charge(first.length);
        return new Set(first.map(key));
      case '_codecs.encode':
        if (typeof first !== 'string' || second !== 'latin1') break;
        return this.latin1(first);
      case 'builtins.bytes':
      case 'builtins.bytearray':
        if (args.length === 0) return new Uint8Array(0);
        if (first instanceof Uint8Array) {
          this.charge(first.length);
          return first.slice();
        }
        if (typeof first === 'string' && (second === 'latin-1' || second === 'latin1')) return this.latin1(first);
        break;
      default:
        return this.hooks.call(path, args);
    }
    return fail(`${path} is called with arguments that it does not take`);
  }

  private latin1(text: string): Uint8Array {
    this.charge(text.length);
    const out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 255) fail('bytes hold a character above 255');
      out[i] = code;
    }
    return out;
  }

  private charge(count: number): void {
    this.budget -= count;
    if (this.budget < 0) fail('it copies the same data again and again');
  }

  private setItems(map: unknown, items: readonly unknown[]): unknown {
    if (!(map instanceof Map)) fail('items are set on something that is no dict');
    if (items.length % 2 !== 0) fail('a dict item has no value');
    for (let i = 0; i < items.length; i += 2) map.set(key(items[i]), items[i + 1]);
    return map;
  }

  private pop(): unknown {
    if (this.stack.length === 0) fail(`a value is missing before byte ${this.at}`);
    return this.stack.pop();
  }

  private top(): unknown {
    if (this.stack.length === 0) fail(`a value is missing before byte ${this.at}`);
    return this.stack.at(-1);
  }

  private list(): unknown[] {
    const list = this.top();
    if (!Array.isArray(list)) fail('items are appended to something that is no list');
    return list;
  }

  private popMark(): unknown[] {
    const items = this.stack;
    const below = this.marks.pop();
    if (below === undefined) fail(`a mark is missing before byte ${this.at}`);
    this.stack = below;
    return items;
  }

  private recall(index: number): unknown {
    if (!this.memo.has(index)) fail(`memo ${index} is used before it is set`);
    return this.memo.get(index);
  }

  private need(count: number): void {
    if (count > this.bytes.length - this.at) fail(`it ends at byte ${this.bytes.length}, in the middle of a value`);
  }

  private take(count: number): Uint8Array {
    this.need(count);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  private u8(): number {
    this.need(1);
    return this.view.getUint8(this.at++);
  }

  private u32(): number {
    this.take(4);
    return this.view.getUint32(this.at - 4, true);
  }

  private u64(): number {
    this.take(8);
    return Number(this.view.getBigUint64(this.at - 8, true));
  }

  private latin1Text(length: number): string {
    const part = this.take(length);
    return Buffer.from(part.buffer, part.byteOffset, part.length).toString('latin1');
  }
  private text(length: number): string {
    const part = this.take(length);
    try {
      return utf8.decode(part);
    } catch {
      return fail(`the text before byte ${this.at} is no valid UTF-8`);
    }
  }

  private line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0 || end - this.at > 1000) fail(`a name at byte ${this.at} does not end`);
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  private long(length: number): number | bigint {
    if (length > maxIntegerBytes) fail(`an integer of ${length} bytes is too long`);
    const part = this.take(length);
    if (length === 0) return 0;
    let hex = '0x';
    for (let i = length - 1; i >= 0; i--) hex += (part[i] ?? 0).toString(16).padStart(2, '0');
    const value = BigInt.asIntN(8 * length, BigInt(hex));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

/** Only what Python can hash becomes a key. */
function key(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof PyTuple || value instanceof PyGlobal) return value;
  return fail('a dict or set has a key that Python could not hash');
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}
