// Writes Python pickles, as torch.save does. Called by pt.ts, which says how a tensor is written. The reader is
// unpickle.ts.

/** What the writer does not know by itself. */
export interface PickleHooks {
  /** Writes an object of the caller's own (a tensor) and returns true, or returns false. */
  object(value: object, out: Pickler): boolean;
}

const maxDepth = 1000;
/** What one LONG1 opcode holds; torch.load's restricted reader knows no longer integers. */
const maxIntegerBytes = 255;

/** The state dict of an optimizer, whose state has whole numbers as keys in Python: the properties of objects are strings. */
const isOptimizerDict = (x: object): boolean =>
  'state' in x &&
  'param_groups' in x &&
  Array.isArray(x.param_groups) &&
  typeof x.state === 'object' &&
  x.state !== null;
const byNumber = (state: unknown): unknown =>
  state instanceof Map
    ? state
    : new Map(
        Object.entries(state as object).map(([key, value]: [string, unknown]) => [
          /^\d+$/.test(key) ? Number(key) : key,
          value,
        ]),
      );

/** Writes protocol 2, as torch.save does. Objects met twice are written once, so that sharing and cycles survive. */
export class Pickler {
  private out: Uint8Array = new Uint8Array(1024);
  private length = 0;
  /** Memo numbers of strings and objects, and of globals. */
  private readonly memo = new Map<string | object, number>();
  private readonly globals = new Map<string, number>();
  private memoized = 0;
  private readonly hooks: PickleHooks;
  private readonly path: string[] = [];

  constructor(hooks: PickleHooks) {
    this.hooks = hooks;
  }

  /** The pickle of one value. */
  dump(value: unknown): Uint8Array {
    this.raw(0x80, 2);
    this.value(value);
    this.op('.');
    return this.out.subarray(0, this.length);
  }

  value(value: unknown): void {
    if (value === undefined || value === null) this.op('N');
    else if (typeof value === 'boolean') this.raw(value ? 0x88 : 0x89);
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'bigint') this.long(value);
    else if (typeof value === 'string') this.string(value);
    else if (typeof value === 'object') this.object(value);
    else this.refuse(`a ${typeof value}`);
  }

  /** Opcodes, as characters. */
  op(ops: string): void {
    for (let i = 0; i < ops.length; i++) this.raw(ops.charCodeAt(i));
  }

  /** A global, `module` and `name`. */
  global(module: string, name: string): void {
    const id = `c${module}\n${name}\n`;
    if (this.recall(this.globals.get(id))) return;
    this.op(id);
    this.globals.set(id, this.put());
  }

  /** A tuple of whole numbers. */
  integers(values: readonly number[]): void {
    this.op('(');
    for (const value of values) this.number(value);
    this.op('t');
  }

  number(value: number): void {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      const buffer = new DataView(new ArrayBuffer(8));
      buffer.setFloat64(0, value, false);
      this.op('G');
      this.bytes(new Uint8Array(buffer.buffer));
    } else if (value >= 0 && value < 0x100) this.raw(0x4b, value);
    else if (value >= 0 && value < 0x10000) this.raw(0x4d, value & 255, value >> 8);
    else if (value >= -0x80000000 && value < 0x80000000) {
      this.raw(0x4a, value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255);
    } else this.long(BigInt(value));
  }

  string(text: string): void {
    if (this.recall(this.memo.get(text))) return;
    // Lone surrogates have no UTF-8.
    if (/\p{Surrogate}/u.test(text)) this.refuse('a string that is no well-formed Unicode');
    this.op('X');
    this.sized(new TextEncoder().encode(text));
    this.memo.set(text, this.put());
  }

  private long(value: bigint): void {
    const bits = (value < 0n ? -value - 1n : value).toString(16).length * 4 + 1;
    const length = Math.ceil(bits / 8);
    if (length > maxIntegerBytes) this.refuse('an integer of that size');
    this.raw(0x8a, length);
    let rest = BigInt.asUintN(8 * length, value);
    for (let i = 0; i < length; i++, rest >>= 8n) this.raw(Number(rest & 255n));
  }

  private object(value: object): void {
    if (this.recall(this.memo.get(value))) return;
    if (this.path.length > maxDepth) {
      throw new RangeError(`save: the data is nested more than ${maxDepth} deep`);
    }
    if (this.hooks.object(value, this)) {
      this.memo.set(value, this.put());
    } else if (Array.isArray(value)) {
      this.op(']');
      this.memo.set(value, this.put());
      this.op('(');
      for (let i = 0; i < value.length; i++) this.inside(`[${i}]`, value[i]);
      this.op('e');
    } else if (value instanceof Map) {
      this.dict(value, value);
    } else if (value instanceof Set) {
      this.global('__builtin__', 'set');
      this.op('](');
      for (const item of value) this.inside('{}', item);
      this.raw(0x65, 0x85, 0x52);
      this.memo.set(value, this.put());
    } else if (value instanceof Uint8Array) {
      this.global('_codecs', 'encode');
      this.op('X');
      this.sized(Buffer.from(Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1')));
      this.string('latin1');
      this.raw(0x86, 0x52);
      this.memo.set(value, this.put());
    } else {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== null && prototype !== Object.prototype) {
        this.refuse(`an object of class ${value.constructor?.name ?? '(anonymous)'}`);
      }
      this.dict(
        value,
        Object.entries(value).filter((entry) => entry[1] !== undefined),
      );
    }
  }

  private dict(owner: object, entries: Iterable<readonly [unknown, unknown]>): void {
    this.op('}');
    this.memo.set(owner, this.put());
    this.op('(');
    for (const [name, item] of entries) {
      if (typeof name === 'object' && name !== null) this.refuse('a Map whose keys are objects');
      this.value(name);
      this.inside(`.${String(name)}`, name === 'state' && isOptimizerDict(owner) ? byNumber(item) : item);
    }
    this.op('u');
  }

  private inside(step: string, value: unknown): void {
    this.path.push(step);
    this.value(value);
    this.path.pop();
  }

  private refuse(what: string): never {
    const where = this.path.length === 0 ? '' : ` at ${this.path.join('').replace(/^\./, '')}`;
    throw new TypeError(`save: cannot store ${what}${where}`);
  }

  /** Refers to what was written before, if it was. */
  private recall(index: number | undefined): boolean {
    if (index === undefined) return false;
    if (index < 256) this.raw(0x68, index);
    else {
      this.op('j');
      this.u32(index);
    }
    return true;
  }

  /** Memoizes what was just written; the number under which `recall` finds it. */
  private put(): number {
    const index = this.memoized++;
    if (index < 256) this.raw(0x71, index);
    else {
      this.op('r');
      this.u32(index);
    }
    return index;
  }

  private sized(part: Uint8Array): void {
    this.u32(part.length);
    this.bytes(part);
  }

  private u32(value: number): void {
    if (value >= 2 ** 32) this.refuse('more than 4 GiB in one value');
    this.raw(value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24);
  }

  private raw(...bytes: number[]): void {
    this.reserve(bytes.length);
    for (const byte of bytes) this.out[this.length++] = byte;
  }

  private bytes(part: Uint8Array): void {
    this.reserve(part.length);
    this.out.set(part, this.length);
    this.length += part.length;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.out.length) return;
    const grown = new Uint8Array(2 * (this.length + count));
    grown.set(this.out.subarray(0, this.length));
    this.out = grown;
  }
}
