// Turns rows into functions: the mechanics of the families, and their in-place forms. How they enter the graph: history.ts.
import { attach, type Grad, Node, RuleNode, tracked } from './autograd/node.ts';
import { noOptions } from './arguments.ts';
import { castCall, casting, castsOnCuda } from './autocast.ts';
import { mode } from './autograd/mode.ts';
import { asks, isPlain, PLAIN, special } from './calls.ts';
import {
  checkInPlaceDevice,
  checkInPlaceShape,
  checkOperand,
  checkTensor,
  commonDevice,
  resultLike,
  resultType,
  runDense,
  runMap,
  type Scalar,
  scalarOperand,
  undisturbed,
} from './dispatch.ts';
import { BOOL, bool, type DType, FLOATING, type Kind, requireFloating, scalarKind, toFloating } from './dtype.ts';
import { cpu } from './device.ts';
import { DtypeError, inNameOf } from './errors.ts';
import { checkInPlace, nodeName, writeInPlace } from './history.ts';
import { kernel } from './native.ts';
import { broadcastShapes, sameShape, type Shape } from './shape.ts';
import { emptyTensor, Tensor, viewOf } from './tensor.ts';

// ---- rows -----------------------------------------------------------------------------------------------------------

/** What tests and docs know of an operator. */
export interface Row {
  readonly name: string;
  readonly kind: 'unary' | 'binary' | 'compare' | 'reduce' | 'view' | 'op';
  readonly differentiable: boolean;
  /** Has an in-place form of its own. */
  readonly inPlace: boolean;
}
/** Every operator by name: what the tests and the parity page walk. */
export const rows: Map<string, Row> = new Map();

type AnyFunction = (...args: never[]) => unknown;
/** In-place forms that are not "compute, then copy": see ops/inplace.ts. */
export const inPlaceForms: Map<string, AnyFunction> = new Map();
/**
 * The families' forms that write their result straight to a tensor of its shape and dtype; false where it is not so. See
 * out.ts.
 */
export const outForms: Map<string, (out: Tensor, args: readonly unknown[]) => boolean> = new Map();

/** Adds a row for an operator whose mechanics are its own. */
export function row<F extends AnyFunction>(
  name: string,
  f: F,
  { differentiable = true, kind = 'op' as Row['kind'] } = {},
): F {
  rows.set(name, { name, kind, differentiable, inPlace: false });
  return f;
}

// ---- families -------------------------------------------------------------------------------------------------------

/**
 * What dtype a unary row computes in: the input's (all, no bool, or `floating` ones alone), or floating point for integers
 * too; `bool` is a predicate's result.
 */
export type UnaryDtype = 'same' | 'number' | 'float' | 'floating' | 'bool';

/** Derivative of a unary row, from the input or from the output: only what it names is kept. */
export interface UnaryRule {
  readonly grad?: (g: Tensor, x: Tensor) => Tensor;
  readonly gradOut?: (g: Tensor, y: Tensor) => Tensor;
  /** Has a derivative that needs neither. */
  readonly gradOnly?: (g: Tensor) => Tensor;
  /** The kernel's name where it is not the row's. */
  readonly kernel?: string;
  readonly params?: readonly number[];
  /** Leaves whole numbers as they are: they are copied. */
  readonly whole?: boolean;
}

/** `(x) => y`, element by element. */
export type Unary = (x: Tensor) => Tensor;

class UnaryNode extends Node {
  readonly #rule: UnaryRule;
  constructor(name: string, rule: UnaryRule) {
    super(name);
    this.#rule = rule;
  }
  override backward(grads: readonly Grad[]): readonly Grad[] {
    const g = grads[0]!;
    const { grad, gradOut, gradOnly } = this.#rule;
    return [grad ? grad(g, this.unpack(0)) : gradOut ? gradOut(g, this.unpack(0)) : gradOnly!(g)];
  }
}

function unaryInput(name: string, x: Tensor, rule: UnaryDtype): DType {
  const { dt } = x;
  if (rule === 'float') return toFloating(dt);
  if (rule === 'floating') requireFloating(name, dt);
  if (rule === 'number' && dt.kind === BOOL) throw new DtypeError(`${name}: not implemented for bool`);
  return dt;
}

/** A row of the unary family: its function, and its in-place form where the result has the input's dtype. */
export function unary(name: string, dtype: UnaryDtype, rule: UnaryRule = {}): Unary {
  const k = kernel(rule.kernel ?? name);
  const label = nodeName(name);
  const params = rule.params;
  const differentiable = !!(rule.grad ?? rule.gradOut ?? rule.gradOnly);
  const casts = castsOnCuda(name);
  const f = (x: Tensor, extra?: unknown): Tensor => {
    if (casts && casting.on) return castCall(name, f, [x, extra]);
    if (extra !== undefined || !(x instanceof Tensor)) {
      const made = special(name, [x, extra]);
      if (made !== PLAIN) return made as Tensor;
      noOptions(name, extra);
    }
    checkTensor(name, x);
    const dt = unaryInput(name, x, dtype);
    const source = as(x, dt);
    const y = resultLike(x.sizes, dtype === 'bool' ? bool : dt, [source]);
    runMap(rule.whole && dt.kind !== FLOATING ? copyKernel : k, y.sizes, [y, source], dt, params);
    if (differentiable && mode.grad && tracked(x)) {
      const node = new UnaryNode(label, rule).connect([x]);
      attach(y, rule.grad ? node.save([x]) : rule.gradOut ? node.save([y]) : node);
    }
    return y;
  };
  rows.set(name, { name, kind: 'unary', differentiable, inPlace: dtype !== 'bool' });
  outForms.set(name, (out, [x, ...more]) => {
    if (!(x instanceof Tensor) || more.length > 0 || out.device !== x.device) return false;
    const dt = unaryInput(name, x, dtype);
    if (out.dt !== (dtype === 'bool' ? bool : dt) || !sameShape(out.sizes, x.sizes)) return false;
    const source = undisturbed(out, as(x, dt));
    runMap(rule.whole && dt.kind !== FLOATING ? copyKernel : k, out.sizes, [out, source], dt, params);
    return true;
  });
  if (dtype !== 'bool') {
    inPlaceForms.set(name, (x: Tensor): Tensor => {
      checkInPlace(`${name}_`, x);
      if (unaryInput(name, x, dtype) !== x.dt) {
        throw new DtypeError(
          `${name}_: result type ${toFloating(x.dt).name} can't be cast to the desired output type ${x.dt.name}`,
        );
      }
      let original: Tensor | null = null;
      return writeInPlace(
        x,
        [x],
        differentiable
          ? () => {
              if (rule.grad) original = x.clone();
              return new UnaryNode(label, rule);
            }
          : null,
        () => {
          if (!rule.whole || x.dt.kind === FLOATING) runMap(k, x.sizes, [x, x], x.dt, params);
        },
        (node) => node.save(rule.grad ? [original] : rule.gradOut ? [x] : []),
      );
    });
  }
  return asks(f);
}
/** What a derivative of a binary row can ask its node for. */
export interface BinarySaved {
  readonly a: Tensor;
  readonly b: Tensor | Scalar;
  readonly y: Tensor;
}
// What a derivative needs kept, as bits.
const A = 1;
const B = 2;
const Y = 4;
/** A derivative for one input, and what it needs kept. */
export interface BinaryGrad {
  readonly needs: number;
  readonly f: (g: Tensor, saved: BinarySaved) => Tensor;
}
/** `needs('b', (g, { b }) => g.mul(b))` */
export const needs = (parts: '' | 'a' | 'b' | 'y' | 'ab' | 'ay' | 'by' | 'aby', f: BinaryGrad['f']): BinaryGrad => ({
  needs: (parts.includes('a') ? A : 0) | (parts.includes('b') ? B : 0) | (parts.includes('y') ? Y : 0),
  f,
});

/** What dtype a binary row gives: the promoted one, or at least floating point. */
export type BinaryDtype = 'promote' | 'number' | 'integer' | 'float';

export interface BinaryRule {
  readonly grads?: readonly [BinaryGrad | null, BinaryGrad | null];
  readonly kernel?: string;
  /** Refuses operands before anything is computed; float32 and float64 are always welcome. */
  readonly check?: (where: string, a: Tensor, b: Tensor | Scalar) => void;
  /** Where PyTorch takes numbers: for both operands, for either but not both, or for none. Otherwise for the second alone. */
  readonly numbers?: 'both' | 'either' | 'none';
  /** How PyTorch numbers the nodes for a second operand that is a tensor, and for a number. */
  readonly nodes?: readonly [tensors: number, number: number];
}

/** `(a, b) => y`, element by element, broadcasting; `b` may be a number. */
export type Binary = (a: Tensor, b: Tensor | Scalar) => Tensor;
/** The same; either may be a number. */
export type BinaryOfNumbers = (a: Tensor | Scalar, b: Tensor | Scalar) => Tensor;
/** The same; neither may be a number. */
export type BinaryOfTensors = (a: Tensor, b: Tensor) => Tensor;

class BinaryNode extends Node implements BinarySaved {
  readonly #grads: readonly [BinaryGrad | null, BinaryGrad | null];
  readonly #scalar: Scalar | null;
  constructor(name: string, grads: readonly [BinaryGrad | null, BinaryGrad | null], scalar: Scalar | null) {
    super(name);
    this.#grads = grads;
    this.#scalar = scalar;
  }
  get a(): Tensor {
    return this.unpack(0);
  }
  get b(): Tensor | Scalar {
    return this.#scalar ?? this.unpack(1);
  }
  get y(): Tensor {
    return this.unpack(2);
  }
  override backward(grads: readonly Grad[]): readonly Grad[] {
    const g = grads[0]!;
    const [da, db] = this.#grads;
    const a = this.next[0] && da ? da.f(g, this) : null;
    const b = this.next[1] && db ? db.f(g, this) : null;
    return this.next.length === 1 ? [a] : [a, b];
  }
  /** Keeps what the wanted derivatives name. */
  keep(a: Tensor, b: Tensor | null, y: Tensor): this {
    const [da, db] = this.#grads;
    const parts = (this.next[0] && da ? da.needs : 0) | (this.next[1] && db ? db.needs : 0);
    return parts === 0 ? this : this.save([parts & A ? a : null, parts & B ? b : null, parts & Y ? y : null]);
  }
  /** An operand that shares the memory just written was kept as it had been: backward must find that it changed. */
  predate(i: number, operand: Tensor | Scalar, written: Tensor): this {
    if (operand instanceof Tensor && operand.storage === written.storage && this.saved[i])
      this.versions = this.versions.map((v, k) => (k === i ? v - 1 : v));
    return this;
  }
}

const KIND_NAMES: readonly string[] = ['bool', 'integer', 'floating point'];

function binaryDtype(name: string, rule: BinaryDtype, a: Tensor, b: Tensor | Scalar): DType {
  const dt = b instanceof Tensor && a.dt === b.dt ? a.dt : resultType(a, b);
  if (rule === 'float') return toFloating(dt);
  if (rule === 'number' && dt.kind === BOOL) throw new DtypeError(`${name}: not implemented for bool`);
  if (rule === 'integer' && dt.kind === FLOATING) throw new DtypeError(`${name}: not implemented for ${dt.name}`);
  return dt;
}

/** Converts without recording: the engine brings gradients back to each input's dtype. */
const as = (x: Tensor, dt: DType): Tensor => (x.dt === dt ? x : x.detach().to(dt.name));

/** A number as the tensor without dims that computes with `other` as the number would. */
export function scalarTensor(where: string, x: unknown, other: unknown): Tensor {
  checkOperand(where, x, 'input');
  if (x instanceof Tensor) return x;
  checkOperand(where, other);
  return inNameOf(where, () =>
    emptyTensor([], resultType(x, other), other instanceof Tensor ? other.device : cpu).fill_(x),
  );
}

/** A row of the binary family: broadcasting, promotion, scalars, and its in-place form. */
export function binary(name: string, dtype: BinaryDtype, rule: BinaryRule = {}): BinaryOfNumbers {
  const k = kernel(rule.kernel ?? name);
  const label = nodeName(rule.nodes ? `${name}#${rule.nodes[0]}` : name);
  const scalarLabel = nodeName(rule.nodes ? `${name}#${rule.nodes[1]}` : name);
  const { grads, check, numbers } = rule;
  const floats = dtype !== 'integer';
  const casts = castsOnCuda(name);
  const f = (a: Tensor | Scalar, b: Tensor | Scalar, extra?: unknown): Tensor => {
    if (casts && casting.on) return castCall(name, f, [a, b, extra]);
    // the fast road: two dense tensors of one shape and dtype, or a dense tensor and a number of its kind
    if (
      floats &&
      extra === undefined &&
      a instanceof Tensor &&
      b instanceof Tensor &&
      a.dt === b.dt &&
      a.dense &&
      b.dense &&
      a.dt.kind === FLOATING &&
      a.storage.device === b.storage.device &&
      sameShape(a.sizes, b.sizes)
    ) {
      const y = emptyTensor(a.sizes, a.dt, a.storage.device);
      runDense(k, y, a, b, a.dt);
      if (grads && mode.grad && (tracked(a) || tracked(b)))
        attach(y, new BinaryNode(label, grads, null).connect([a, b]).keep(a, b, y));
      return y;
    }
    if (extra !== undefined || isPlain(b) || isPlain(a)) {
      const made = special(name, [a, b, extra]);
      if (made !== PLAIN) return made as Tensor;
      noOptions(name, extra);
    }
    if (!(a instanceof Tensor) && (numbers === 'both' || (numbers === 'either' && b instanceof Tensor)))
      return f(scalarTensor(name, a, b), b);
    checkTensor(name, a);
    if (numbers === 'none') checkTensor(name, b, 'other');
    if (floats && typeof b === 'number' && a.dense && a.dt.kind === FLOATING && (!check || a.dt.size > 2)) {
      const y = emptyTensor(a.sizes, a.dt, a.storage.device);
      runDense(k, y, a, b, a.dt);
      if (grads && mode.grad && tracked(a))
        attach(y, new BinaryNode(scalarLabel, grads, b).connect([a]).keep(a, null, y));
      return y;
    }
    checkOperand(name, b);
    check?.(name, a, b);
    const dt = binaryDtype(name, dtype, a, b);
    const y = compute(name, k, dt, a, b, dt);
    if (grads && mode.grad && dt.kind === FLOATING && (tracked(a) || (b instanceof Tensor && tracked(b)))) {
      attach(
        y,
        binaryNode(b instanceof Tensor ? label : scalarLabel, grads, a, b).keep(a, b instanceof Tensor ? b : null, y),
      );
    }
    return y;
  };
  rows.set(name, { name, kind: 'binary', differentiable: !!grads, inPlace: true });
  outForms.set(name, (out, args) =>
    writeStraight(out, args, k, (a, b) => {
      check?.(name, a, b);
      const dt = binaryDtype(name, dtype, a, b);
      return [dt, dt];
    }),
  );
  inPlaceForms.set(name, (x: Tensor, b: Tensor | Scalar): Tensor => {
    checkInPlace(`${name}_`, x);
    if (numbers === 'none') checkTensor(`${name}_`, b, 'other');
    else checkOperand(`${name}_`, b);
    check?.(`${name}_`, x, b);
    const dt = binaryDtype(name, dtype, x, b);
    checkCast(`${name}_`, dt, x.dt);
    if (b instanceof Tensor) checkInPlaceShape(`${name}_`, x, broadcastShapes(`${name}_`, x.sizes, b.sizes));
    let original: Tensor | null = null;
    return writeInPlace(
      x,
      b instanceof Tensor ? [x, b] : [x],
      grads
        ? () => {
            if (grads.some((d) => d && d.needs & A)) original = x.clone();
            return binaryNode(b instanceof Tensor ? label : scalarLabel, grads, x, b);
          }
        : null,
      () => {
        checkInPlaceDevice(name, x, [b]);
        const scalar = b instanceof Tensor ? b : scalarOperand(name, b); // a huge bigint comes as an int64 tensor
        const operand = scalar instanceof Tensor ? undisturbed(x, as(scalar, dt)) : scalar;
        if (dt === x.dt) runMap(k, x.sizes, [x, x, operand], dt);
        else {
          const y = compute(name, k, dt, x.detach(), b, dt);
          runMap(copyKernel, x.sizes, [x, y], dt);
        }
      },
      (node) => (node as BinaryNode).keep(original ?? x, b instanceof Tensor ? b : null, x).predate(1, b, x),
    );
  });
  return asks(f);
}
const copyKernel = kernel('copy');

function binaryNode(
  label: string,
  grads: readonly [BinaryGrad | null, BinaryGrad | null],
  a: Tensor,
  b: Tensor | Scalar,
): BinaryNode {
  const tensor = b instanceof Tensor;
  return new BinaryNode(label, grads, tensor ? null : b).connect(tensor ? [a, b] : [a]);
}

/** Runs a binary kernel in `dt`, with a result of dtype `to`. */
function compute(name: string, k: number, dt: DType, a: Tensor, b: Tensor | Scalar, to: DType): Tensor {
  commonDevice(name, [a, b]);
  const x = as(a, dt);
  const y = b instanceof Tensor ? as(b, dt) : scalarOperand(name, b);
  const sizes = y instanceof Tensor ? broadcastShapes(name, x.sizes, y.sizes) : x.sizes;
  const out = resultLike(sizes, to, [x, y]);
  runMap(k, sizes, [out, x, y instanceof Tensor && y.dt !== dt ? as(y, dt) : y], dt);
  return out;
}

/** Two tensors, or a tensor and a number, whose result `out` can take as it is: computed there. */
function writeStraight(
  out: Tensor,
  [a, b, ...more]: readonly unknown[],
  k: number,
  dtypes: (a: Tensor, b: Tensor | Scalar) => [computed: DType, result: DType],
): boolean {
  if (!(a instanceof Tensor) || more.length > 0 || out.device !== a.device) return false;
  if (!(b instanceof Tensor || typeof b === 'number')) return false;
  if (b instanceof Tensor && b.device !== a.device) return false;
  const [dt, to] = dtypes(a, b);
  if (out.dt !== to) return false;
  if (b instanceof Tensor && a.sizes.length !== out.sizes.length && b.sizes.length !== out.sizes.length) return false;
  if (!sameShape(out.sizes, b instanceof Tensor ? broadcastShapes('out', a.sizes, b.sizes) : a.sizes)) return false;
  const ready = (x: Tensor): Tensor => undisturbed(out, as(x, dt));
  runMap(k, out.sizes, [out, ready(a), b instanceof Tensor ? ready(b) : b], dt);
  return true;
}

/** Refuses in-place results that would lose their kind, as PyTorch does. */
export function checkCast(where: string, from: DType, to: DType): void {
  if (from.kind > to.kind) {
    throw new DtypeError(`${where}: result type ${from.name} can't be cast to the desired output type ${to.name}`);
  }
}

/** A row whose result is bool: comparisons and logic. Not differentiable; the in-place form stores 0 and 1. */
export function compare(name: string, { numbers = true } = {}): Binary {
  const k = kernel(name);
  const f = (a: Tensor, b: Tensor | Scalar, extra?: unknown): Tensor => {
    if (extra !== undefined || isPlain(b) || isPlain(a)) {
      const made = special(name, [a, b, extra]);
      if (made !== PLAIN) return made as Tensor;
      noOptions(name, extra);
    }
    checkTensor(name, a);
    if (numbers) checkOperand(name, b);
    else checkTensor(name, b, 'other');
    const dt = b instanceof Tensor && a.dt === b.dt ? a.dt : resultType(a, b);
    return compute(name, k, dt, a, b, bool);
  };
  rows.set(name, { name, kind: 'compare', differentiable: false, inPlace: false });
  outForms.set(name, (out, args) =>
    writeStraight(out, args, k, (a, b) => [b instanceof Tensor && a.dt === b.dt ? a.dt : resultType(a, b), bool]),
  );
  return asks(f);
}

// ---- views ----------------------------------------------------------------------------------------------------------

/** A view of `x` with its place in the graph: `back` brings a gradient to the shape of `x`. */
export function makeView(
  name: string,
  x: Tensor,
  sizes: Shape,
  strides: Shape | null,
  offset: number,
  back: (g: Tensor) => Tensor,
): Tensor {
  const out = viewOf(x, sizes, strides, offset);
  if (tracked(x)) {
    if (mode.grad) attach(out, new RuleNode(nodeName(name), (g) => [back(g)]).connect([x]));
    else out.viewKind = 'noGrad';
  } else if (!mode.grad) out.viewKind = 'noGrad';
  return out;
}

/** Says which kinds an operand may be, for messages. */
export const kindName = (kind: Kind): string => KIND_NAMES[kind]!;
/** Whether a scalar is floating. */
export const isFloatingScalar = (x: Scalar): boolean => scalarKind(x) === FLOATING;
