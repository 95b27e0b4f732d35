// Matrix products in all of PyTorch's forms, over one kernel of batches of matrices with any strides; einsum.
import { castCall, casting, castsThere } from '../autocast.ts';
import { checkOptions } from '../arguments.ts';
import { row } from '../define.ts';
import { called, type Backward, record } from '../history.ts';
import { checkTensor, commonDevice, resultType, runStruct } from '../dispatch.ts';
import { BOOL, FLOATING, REMEDY } from '../dtype.ts';
import { describe, DtypeError, ShapeError, inNameOf } from '../errors.ts';
import { kernel } from '../native.ts';
import { broadcastShapes, type Shape, show, sizeOf } from '../shape.ts';
import { emptyTensor, Tensor } from '../tensor.ts';

const matmulKernel = kernel('matmul');
/** The kernel's alpha and beta. */
const PLAIN: readonly number[] = [1, 0];

function checkPair(where: string, a: Tensor, b: Tensor): void {
  checkTensor(where, a);
  checkTensor(where, b, 'other');
  commonDevice(where, [a, b]);
  if (a.dt !== b.dt) {
    const remedy = a.dt.kind !== b.dt.kind ? `; ${REMEDY}` : '';
    throw new DtypeError(
      `${where}: expected both tensors to have the same dtype, but got ${a.dt.name} and ${b.dt.name}${remedy}`,
    );
  }
  if (a.dt.kind === BOOL) throw new DtypeError(`${where}: not implemented for bool`);
}
const cannot = (where: string, a: Tensor, b: Tensor, n: number, m: number): ShapeError =>
  new ShapeError(
    `${where}: cannot multiply ${show(a.sizes)} by ${show(b.sizes)}: the inner sizes ${n} and ${m} differ`,
  );

/** `alpha a b + bias` for matrices [m, k] and [k, n], or batches of them [B, m, k] and [B, k, n]; unrecorded. */
function multiply(a: Tensor, b: Tensor, bias: Tensor | null, sizes: Shape): Tensor {
  const out = emptyTensor(sizes, a.dt, a.device);
  if (out.count === 0) return out;
  runStruct(matmulKernel, [out, a, b, bias], PLAIN);
  return out;
}

/** The product of two matrices, or of a matrix and the transpose that a view is; recorded. */
function product(name: string, a: Tensor, b: Tensor): Tensor {
  const out = multiply(a, b, null, [a.sizes[0]!, b.sizes[1]!]);
  return record(name, out, [a, b], [a, b], productBack);
}
const productBack: Backward = (g, n) => [
  n.needs(0) ? product('mm', g, n.unpack(1).t()) : null,
  n.needs(1) ? product('mm', n.unpack(0).t(), g) : null,
];

function batchedProduct(name: string, a: Tensor, b: Tensor): Tensor {
  const out = multiply(a, b, null, [a.sizes[0]!, a.sizes[1]!, b.sizes[2]!]);
  return record(name, out, [a, b], [a, b], (g, n) => [
    n.needs(0) ? batchedProduct('bmm', g, n.unpack(1).transpose(1, 2)) : null,
    n.needs(1) ? batchedProduct('bmm', n.unpack(0).transpose(1, 2), g) : null,
  ]);
}

/**
 * The product of two matrices [m, k] and [k, n]. Throws ShapeError for other ranks or sizes.
 * @example
 * torch.mm(torch.tensor([[1, 2]]), torch.tensor([[3], [4]])) // tensor([[11]])
 */
export function mm(a: Tensor, b: Tensor): Tensor {
  if (casting.on) return castCall('mm', mm, [a, b]);
  checkPair('mm', a, b);
  if (a.sizes.length !== 2 || b.sizes.length !== 2)
    throw new ShapeError(`mm: expected two matrices but got ${show(a.sizes)} and ${show(b.sizes)}`);
  if (a.sizes[1] !== b.sizes[0]) throw cannot('mm', a, b, a.sizes[1]!, b.sizes[0]!);
  return product('mm', a, b);
}
row('mm', mm);

/**
 * The products of two batches of matrices [b, m, k] and [b, k, n]. Throws ShapeError where sizes do not fit, DtypeError
 * where dtypes differ.
 * @example
 * torch.bmm(torch.ones(2, 1, 3), torch.ones(2, 3, 1)).shape // torch.Size([2, 1, 1])
 */
export function bmm(a: Tensor, b: Tensor): Tensor {
  if (casting.on) return castCall('bmm', bmm, [a, b]);
  checkPair('bmm', a, b);
  if (a.sizes.length !== 3 || b.sizes.length !== 3)
    throw new ShapeError(`bmm: expected two batches of matrices but got ${show(a.sizes)} and ${show(b.sizes)}`);
  if (a.sizes[0] !== b.sizes[0])
    throw new ShapeError(`bmm: the batches ${show(a.sizes)} and ${show(b.sizes)} differ in size`);
  if (a.sizes[2] !== b.sizes[1]) throw cannot('bmm', a, b, a.sizes[2]!, b.sizes[1]!);
  return batchedProduct('bmm', a, b);
}
row('bmm', bmm);

/**
 * The product of a matrix [m, k] and a vector [k]. Throws ShapeError where sizes do not fit, DtypeError where dtypes
 * differ.
 * @example
 * torch.mv(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1])) // tensor([3, 7])
 */
export function mv(a: Tensor, vec: Tensor): Tensor {
  if (castsThere(a)) return castCall('mv', mv, [a, vec]);
  checkPair('mv', a, vec);
  if (a.sizes.length !== 2 || vec.sizes.length !== 1)
    throw new ShapeError(`mv: expected a matrix and a vector but got ${show(a.sizes)} and ${show(vec.sizes)}`);
  if (a.sizes[1] !== vec.sizes[0]) throw cannot('mv', a, vec, a.sizes[1]!, vec.sizes[0]!);
  return called('mv', product('mv', a, vec.unsqueeze(1)).squeeze(1));
}
row('mv', mv);

/**
 * The sum of the products of two vectors. Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.dot(torch.tensor([1, 2]), torch.tensor([3, 4])) // tensor(11)
 */
export function dot(a: Tensor, b: Tensor): Tensor {
  if (castsThere(a)) return castCall('dot', dot, [a, b]);
  checkPair('dot', a, b);
  if (a.sizes.length !== 1 || b.sizes.length !== 1)
    throw new ShapeError(`dot: 1D tensors expected, but got ${a.sizes.length}D and ${b.sizes.length}D tensors`);
  if (a.sizes[0] !== b.sizes[0])
    throw new ShapeError(
      `dot: inconsistent tensor size, expected tensor ${show(a.sizes)} and src ${show(b.sizes)} to have the same number of elements`,
    );
  return called('dot', product('dot', a.unsqueeze(0), b.unsqueeze(1)).view());
}
row('dot', dot);
/**
 * As {@link dot}, for real tensors. Throws as that does.
 * @example
 * torch.vdot(torch.tensor([1, 2]), torch.tensor([3, 4])) // tensor(11)
 */
export function vdot(a: Tensor, b: Tensor): Tensor {
  return inNameOf('vdot', () => called('vdot', dot(a, b)));
}
row('vdot', vdot);
/**
 * The sums of the products over the last dims of both. Throws ShapeError where sizes do not fit, DtypeError where
 * dtypes differ.
 * @example
 * torch.inner(torch.tensor([[1, 2]]), torch.tensor([3, 4])) // tensor([11])
 */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (casting.on) return castCall('inner', inner, [a, b]);
  checkPair('inner', a, b);
  if (a.sizes.length === 0 || b.sizes.length === 0) return a.mul(b);
  const [n, m] = [a.sizes.at(-1)!, b.sizes.at(-1)!];
  if (n !== m) throw cannot('inner', a, b, n, m);
  return a
    .reshape(leading(a), n)
    .mm(b.reshape(leading(b), n).t())
    .reshape([...a.sizes.slice(0, -1), ...b.sizes.slice(0, -1)]);
}
row('inner', inner);
/**
 * The products of all pairs of two vectors: [n] and [m] give [n, m]. Throws ShapeError for other ranks or sizes.
 * @example
 * torch.outer(torch.tensor([1, 2]), torch.tensor([3, 4]))
 * // tensor([[3, 4],
 * //         [6, 8]])
 */
export function outer(a: Tensor, vec2: Tensor): Tensor {
  checkTensor('outer', a);
  checkTensor('outer', vec2, 'vec2');
  if (a.sizes.length !== 1 || vec2.sizes.length !== 1)
    throw new ShapeError(`outer: expected two vectors but got ${show(a.sizes)} and ${show(vec2.sizes)}`);
  return a.unsqueeze(1).mul(vec2.unsqueeze(0));
}
row('outer', outer);

/**
 * The matrix product of the last two dims, broadcast over the others; 1-d tensors are vectors.
 * Throws ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.matmul(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1])) // tensor([3, 7])
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  if (casting.on) return castCall('matmul', matmul, [a, b]);
  checkPair('matmul', a, b);
  const [n, m] = [a.sizes.length, b.sizes.length];
  if (n === 0 || m === 0)
    throw new ShapeError(`matmul: both arguments need to be at least 1D, but they are ${n}D and ${m}D`);
  const inside = m === 1 ? b.sizes[0]! : b.sizes[m - 2]!;
  if (a.sizes[n - 1] !== inside) throw cannot('matmul', a, b, a.sizes[n - 1]!, inside);
  if (n === 2 && m === 2) return product('mm', a, b);
  if (n === 1 && m === 1) return dot(a, b);
  if (n === 2 && m === 1) return mv(a, b);
  if (n === 1) return matmul(a.unsqueeze(0), b).squeeze(-2);
  if (m === 1) return matmul(a, b.unsqueeze(1)).squeeze(-1);
  // a stack of matrices times one matrix is one tall matrix times it, where memory allows
  if (m === 2 && (a.dense || n > 3)) {
    return product('mm', a.reshape(leading(a), a.sizes[n - 1]!), b).view([...a.sizes.slice(0, -1), b.sizes[1]!]);
  }
  const batch = broadcastShapes('matmul', a.sizes.slice(0, -2), b.sizes.slice(0, -2));
  const flat = (x: Tensor): Tensor => {
    const tail = x.sizes.slice(-2);
    const wide = x.expand([...batch, ...tail]);
    return batch.length === 1 ? wide : wide.reshape([sizeOf(batch), ...tail]);
  };
  return batchedProduct('bmm', flat(a), flat(b)).view([...batch, a.sizes[n - 2]!, b.sizes[m - 1]!]);
}
row('matmul', matmul);

/** Options of addmm and its kin. */
export interface AddmmOptions {
  /** Multiplies the first argument; 0 ignores it, NaN and all. */
  beta?: number | boolean | undefined;
  /** Multiplies the product. */
  alpha?: number | boolean | undefined;
}
/** How many elements the dims but the last hold: -1 would not do where the last is 0. */
const leading = (x: Tensor): number => sizeOf(x.sizes.slice(0, -1));

/** `beta x + alpha y`. */
function blend(where: string, x: Tensor, y: Tensor, options: AddmmOptions | undefined): Tensor {
  checkOptions(where, options, ['beta', 'alpha']);
  broadcastTo(where, x, y.sizes);
  // whole numbers are scaled by whole numbers, as in PyTorch, and truth values by truth values
  const truth = resultType(x, y).kind === BOOL;
  const scale = (name: 'alpha' | 'beta'): number => {
    const s: unknown = options?.[name] ?? 1;
    if (typeof s === 'boolean') {
      if (!truth) throw new DtypeError(`${where}: boolean ${name} is only supported for boolean results`);
      return s ? 1 : 0;
    }
    if (typeof s !== 'number')
      throw new TypeError(`${where}: expected a number for ${name} but received ${describe(s)}`);
    return truth ? Number(s !== 0) : y.dt.kind === FLOATING ? s : Math.trunc(s);
  };
  const [beta, alpha] = [scale('beta'), scale('alpha')];
  const scaled = alpha === 1 ? y : y.mul(truth ? false : alpha);
  // the product first: the sum is laid out as it is
  const out = beta === 0 ? scaled : scaled.add(beta === 1 ? x : x.mul(beta));
  return called(where, out);
}
function broadcastTo(where: string, x: Tensor, sizes: Shape): void {
  checkTensor(where, x);
  if (show(broadcastShapes(where, x.sizes, sizes)) !== show(sizes)) {
    throw new ShapeError(`${where}: the input of shape ${show(x.sizes)} does not broadcast to ${show(sizes)}`);
  }
}
/**
 * `beta x + alpha (a b)` for matrices; `x` broadcasts. Throws ShapeError where sizes do not fit, DtypeError where
 * dtypes differ.
 * @example
 * torch.addmm(torch.tensor([1, 1]), torch.tensor([[1, 2]]), torch.tensor([[3, 0], [4, 1]])) // tensor([[12,  3]])
 */
export function addmm(x: Tensor, mat1: Tensor, mat2: Tensor, options?: AddmmOptions): Tensor {
  if (casting.on) return castCall('addmm', addmm, [x, mat1, mat2, options]);
  return inNameOf('addmm', () => blend('addmm', x, mm(mat1, mat2), options));
}
row('addmm', addmm);
/**
 * `beta x + alpha (a v)` for a matrix and a vector. Throws ShapeError where sizes do not fit, DtypeError where dtypes
 * differ.
 * @example
 * torch.addmv(torch.tensor([1, 1]), torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1])) // tensor([4, 8])
 */
export function addmv(x: Tensor, mat: Tensor, vec: Tensor, options?: AddmmOptions): Tensor {
  if (castsThere(x)) return castCall('addmv', addmv, [x, mat, vec, options]);
  return inNameOf('addmv', () => blend('addmv', x, mv(mat, vec), options));
}
row('addmv', addmv);
/**
 * `beta x + alpha (a b)` for batches of matrices. Throws ShapeError where sizes do not fit, DtypeError where dtypes
 * differ.
 * @example
 * torch.baddbmm(torch.ones(1, 1, 1), torch.ones(1, 1, 2), torch.ones(1, 2, 1)) // tensor([[[3.]]])
 */
export function baddbmm(x: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
  if (casting.on) return castCall('baddbmm', baddbmm, [x, batch1, batch2, options]);
  return inNameOf('baddbmm', () => blend('baddbmm', x, bmm(batch1, batch2), options));
}
row('baddbmm', baddbmm);
/**
 * `beta x + alpha (Σ a b)`, the sum over a batch of matrix products. Throws ShapeError where sizes do not fit,
 * DtypeError where dtypes differ.
 * @example
 * torch.addbmm(torch.ones(1, 1), torch.ones(2, 1, 2), torch.ones(2, 2, 1)) // tensor([[5.]])
 */
export function addbmm(x: Tensor, batch1: Tensor, batch2: Tensor, options?: AddmmOptions): Tensor {
  if (casting.on) return castCall('addbmm', addbmm, [x, batch1, batch2, options]);
  return inNameOf('addbmm', () => blend('addbmm', x, summed(bmm(batch1, batch2)), options));
}
/** Σ over the batch, in the dtype of the products. */
const summed = (x: Tensor): Tensor => x.sum(0, { dtype: x.dtype });
row('addbmm', addbmm);
/**
 * `beta x + alpha (a ⊗ b)`, the outer product of two vectors. Throws ShapeError for other ranks or sizes.
 * @example
 * torch.addr(torch.zeros(1, 2), torch.tensor([2.5]), torch.tensor([1.5, 2])) // tensor([[3.7500, 5.0000]])
 */
export function addr(x: Tensor, vec1: Tensor, vec2: Tensor, options?: AddmmOptions): Tensor {
  if (castsThere(x)) return castCall('addr', addr, [x, vec1, vec2, options]);
  return inNameOf('addr', () => blend('addr', x, outer(vec1, vec2), options));
}
row('addr', addr);

/**
 * `x wᵀ + bias` for x [..., in], weight [out, in] and bias [out]: a fully connected layer, in one pass. Throws
 * ShapeError where sizes do not fit, DtypeError where dtypes differ.
 * @example
 * torch.linear(torch.ones(1, 2), torch.ones(3, 2), torch.zeros(3)) // tensor([[2., 2., 2.]])
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  if (casting.on) return castCall('linear', linear, [x, weight, bias]);
  checkPair('linear', x, weight);
  if (bias !== undefined && bias !== null) checkTensor('linear', bias, 'bias');
  if (x.sizes.length === 0 || weight.sizes.length < 1 || weight.sizes.length > 2) {
    throw new ShapeError(
      `linear: expected an input of at least 1 dim and a weight of 1 or 2, but got ${show(x.sizes)} and ${show(weight.sizes)}`,
    );
  }
  const k = x.sizes[x.sizes.length - 1]!;
  if (k !== weight.sizes.at(-1))
    throw new ShapeError(
      `linear: cannot multiply ${show(x.sizes)} by the transpose of ${show(weight.sizes)}: the sizes ${k} and ${weight.sizes.at(-1)} differ`,
    );
  if (bias) {
    checkPair('linear', x, bias);
    if (weight.sizes.length === 2 && (bias.sizes.length !== 1 || bias.sizes[0] !== weight.sizes[0])) {
      throw new ShapeError(`linear: expected a bias of shape [${weight.sizes[0]}] but got ${show(bias.sizes)}`);
    }
  }
  if (weight.sizes.length === 1) {
    const y = matmul(x, weight);
    return bias ? y.add(bias) : y;
  }
  const flat = x.sizes.length === 2 ? x : x.reshape(leading(x), k);
  const y = affine(flat, weight, bias ?? null);
  return x.sizes.length === 2 ? y : y.view([...x.sizes.slice(0, -1), weight.sizes[0]!]);
}
row('linear', linear);
/** x [m, k], weight [n, k], bias [n]. */
function affine(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const [rows, cols] = weight.sizes as [number, number];
  const [row, col] = weight.strides as [number, number];
  const transposed = new Tensor(weight.storage, weight.dt, [cols, rows], [col, row], weight.offset, weight.count);
  const out = multiply(x, transposed, bias, [x.sizes[0]!, rows]);
  return record('addmm', out, [x, weight, bias], [x, weight], affineBack);
}
const affineBack: Backward = (g, n) => [
  n.needs(0) ? product('mm', g, n.unpack(1)) : null,
  n.needs(1) ? product('mm', g.t(), n.unpack(0)) : null,
  n.needs(2) ? g.sum(0) : null,
];

/**
 * Sums of products in Einstein's notation: `'bij,bjk->bik'`; `...` stands for any dims. Throws ShapeError where sizes differ.
 * @example
 * torch.einsum('ij,j->i', torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 1])) // tensor([3, 7])
 */
export function einsum(equation: string, ...operands: (Tensor | readonly Tensor[])[]): Tensor {
  const tensors = operands.flat() as Tensor[];
  if (typeof equation !== 'string') throw new TypeError('einsum: expected the equation, such as "ij,jk->ik", first');
  tensors.forEach((x: unknown, i) => checkTensor('einsum', x, `operand ${i}`));
  if (tensors.length === 0) throw new TypeError('einsum: must provide at least one operand');
  const [left = '', right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== tensors.length)
    throw new ShapeError(`einsum: the equation has ${terms.length} operands, but ${tensors.length} were given`);
  // dims of an ellipsis get names of their own, counted from the last
  const wide = Math.max(
    0,
    ...terms.map((t, i) => (t.includes('...') ? tensors[i]!.sizes.length - t.replace('...', '').length : 0)),
  );
  const dots = (count: number): string[] => Array.from({ length: count }, (_, i) => `.${wide - count + i}`);
  const names = (term: string, count: number): string[] => {
    const [head = '', tail] = term.split('...');
    for (const c of term.replace('...', ''))
      if (!/[a-zA-Z]/.test(c)) throw new TypeError(`einsum: invalid subscript '${c}' in '${equation}'`);
    return tail === undefined ? [...head] : [...head, ...dots(count), ...tail];
  };
  const sizes = new Map<string, number>();
  const inputs = terms.map((term, i) => {
    let x = tensors[i]!;
    const plain = term.replace('...', '').length;
    let labels = names(term, x.sizes.length - plain);
    if (labels.length !== x.sizes.length)
      throw new ShapeError(
        `einsum: the subscripts '${term}' name ${labels.length} dims, but operand ${i} has ${x.sizes.length}`,
      );
    for (let d = 0; d < labels.length; d++) {
      const first = labels.indexOf(labels[d]!);
      if (first < d) {
        x = x.diagonal(0, first, d).movedim(-1, first);
        labels = labels.filter((_, k) => k !== d);
        d--;
      }
    }
    labels.forEach((l, d) => {
      const n = x.sizes[d]!;
      const known = sizes.get(l);
      if (known === undefined || known === 1) sizes.set(l, n);
      else if (n !== 1 && n !== known)
        throw new ShapeError(
          `einsum: subscript '${l}' has size ${n} for operand ${i}, which does not broadcast with previously seen size ${known}`,
        );
    });
    return { x, labels };
  });
  const counts = new Map<string, number>();
  for (const term of terms) for (const c of term.replace('...', '')) counts.set(c, (counts.get(c) ?? 0) + 1);
  const output =
    right === undefined
      ? [
          ...dots(wide),
          ...[...counts]
            .filter(([, n]) => n === 1)
            .map(([c]) => c)
            .sort(),
        ]
      : names(right, wide);
  for (const l of output)
    if (!sizes.has(l)) throw new ShapeError(`einsum: output subscript '${l}' does not appear in any input`);
  if (new Set(output).size !== output.length)
    throw new ShapeError(`einsum: an output subscript appears more than once in '${right}'`);
  let acc: Labelled = inputs[0]!;
  for (let i = 1; i < inputs.length; i++) {
    const later = new Set([...output, ...inputs.slice(i + 1).flatMap((o) => o.labels)]);
    acc = contract(acc, inputs[i]!, later, sizes);
  }
  const extra = acc.labels.filter((l) => !output.includes(l));
  const summed = extra.length > 0 ? acc.x.sum(extra.map((l) => acc.labels.indexOf(l))) : acc.x;
  const rest = acc.labels.filter((l) => output.includes(l));
  return summed.permute(output.map((l) => rest.indexOf(l)));
}
interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}
/** Multiplies two operands and sums over the labels that nothing later needs, as one batched matrix product. */
function contract(a: Labelled, b: Labelled, later: ReadonlySet<string>, sizes: ReadonlyMap<string, number>): Labelled {
  const drop = (o: Labelled, other: Labelled): Labelled => {
    const gone = o.labels.filter((l) => !later.has(l) && !other.labels.includes(l));
    return gone.length === 0
      ? o
      : { x: o.x.sum(gone.map((l) => o.labels.indexOf(l))), labels: o.labels.filter((l) => !gone.includes(l)) };
  };
  const [p, q] = [drop(a, b), drop(b, a)];
  const shared = p.labels.filter((l) => q.labels.includes(l));
  const batch = shared.filter((l) => later.has(l));
  const inner = shared.filter((l) => !later.has(l));
  const [onlyP, onlyQ] = [p.labels.filter((l) => !shared.includes(l)), q.labels.filter((l) => !shared.includes(l))];
  const size = (labels: readonly string[]): number => labels.reduce((n, l) => n * sizes.get(l)!, 1);
  const lay = (o: Labelled, groups: readonly (readonly string[])[]): Tensor => {
    const order = groups.flat();
    const wide = o.x
      .permute(order.map((l) => o.labels.indexOf(l)))
      .expand(order.map((l) => (shared.includes(l) ? sizes.get(l)! : o.x.sizes[o.labels.indexOf(l)]!)));
    return wide.reshape(
      groups.map((g) =>
        g.some((l) => !shared.includes(l)) ? g.reduce((n, l) => n * o.x.sizes[o.labels.indexOf(l)]!, 1) : size(g),
      ),
    );
  };
  const x = lay(p, [batch, onlyP, inner]).bmm(lay(q, [batch, inner, onlyQ]));
  const labels = [...batch, ...onlyP, ...onlyQ];
  const of = (l: string): number =>
    batch.includes(l)
      ? sizes.get(l)!
      : (onlyP.includes(l) ? p : q).x.sizes[(onlyP.includes(l) ? p : q).labels.indexOf(l)]!;
  return { x: x.reshape(labels.map(of)), labels };
}
