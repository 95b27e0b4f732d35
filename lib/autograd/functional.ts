// torch.autograd.functional: Jacobians, Hessians and their products with vectors, of functions of tensors.
import { type Call, readArguments } from '../arguments.ts';
import { AutogradError, checkFunction, describe, inNameOf, ShapeError } from '../errors.ts';
import { zerosOf } from '../ops/internal/reducing.ts';
import { stack } from '../ops/join.ts';
import { sameShape, show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { type GradOptions, grad as runGrad } from './engine.ts';
import { enableGrad } from './mode.ts';

/** One tensor or several. */
export type Tensors = Tensor | readonly Tensor[];
/** A list of what comes in lists, the thing itself of what comes alone. */
export type Each<I, T> = I extends Tensor ? T : T[];
type Fn<O> = (...inputs: Tensor[]) => O;

/** Options of {@link jacobian}, {@link hessian} and the products. */
export interface FunctionalOptions {
  /** Whether the result can be differentiated again. */
  createGraph?: boolean | undefined;
  /** Whether it is an error that an output does not depend on an input; its derivatives are zeros otherwise. */
  strict?: boolean | undefined;
}
/** Options of {@link vjp}, {@link jvp}, {@link vhp} and {@link hvp}. */
export interface ProductOptions extends FunctionalOptions {
  /** The vector, of the shapes of the outputs (vjp) or inputs; ones where it has a single element. */
  v?: Tensors | null | undefined;
}
/** Options of {@link jacobian} and {@link hessian}. */
export interface JacobianOptions extends FunctionalOptions {
  /** Accepted for PyTorch's sake: the rows are made one after the other. */
  vectorize?: boolean | undefined;
}

const onesOf = ({ sizes, dt, device }: Tensor): Tensor => zerosOf(sizes, dt, device).fill_(1);

/** A call in the making: its inputs as leaves, or as views of what the caller's graph ends in. */
class Run {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly alone: boolean;
  readonly #where: string;
  readonly #options: FunctionalOptions;
  constructor(where: string, func: Fn<Tensors>, inputs: Tensors, options: FunctionalOptions) {
    checkFunction(where, func);
    this.#where = where;
    this.#options = options;
    this.inputs = tensors(where, inputs, 'inputs').map((x) =>
      options.createGraph && x.requiresGrad ? x.viewAs(x) : x.detach().requiresGrad_(),
    );
    const y: unknown = func(...this.inputs);
    this.alone = y instanceof Tensor;
    this.outputs = tensors(where, y, 'the outputs of the function');
    this.outputs.forEach((out, i) => {
      if (options.strict && !out.requiresGrad)
        throw new AutogradError(
          `${where}: output ${i} of the function does not require gradients: it must depend on the inputs in strict mode`,
        );
    });
  }
  /** Gradients of `outputs`, zeros where there is none. */
  grads(
    outputs: readonly Tensor[],
    inputs: readonly Tensor[],
    seeds: readonly Tensor[],
    graph: boolean,
  ): readonly Tensor[] {
    const some = outputs.map((y, i) => [y, seeds[i]!] as const).filter(([y]) => y.requiresGrad);
    const options: GradOptions = { retainGraph: true, createGraph: graph, allowUnused: true };
    const found =
      some.length === 0
        ? []
        : runGrad(
            this.#where,
            some.map(([y]) => y),
            inputs,
            some.map(([, seed]) => seed),
            options,
          );
    return inputs.map((x, i) => {
      const g = found[i];
      if (g) return g;
      if (this.#options.strict)
        throw new AutogradError(`${this.#where}: the outputs do not depend on input ${i}, as they must in strict mode`);
      return zerosOf(x.sizes, x.dt, x.device);
    });
  }
  /** The one element of the output, of which there is a gradient. */
  single(): Tensor {
    const [y] = this.outputs;
    if (!this.alone || y === undefined) throw new TypeError(`${this.#where}: the function should give a single Tensor`);
    if (y.numel() !== 1)
      throw new ShapeError(`${this.#where}: the function should give a single element, not ${show(y.sizes)}`);
    return y;
  }
  /** The vector, checked against what it multiplies. */
  vector(v: Tensors | null | undefined, like: readonly Tensor[]): readonly Tensor[] {
    if (v === undefined || v === null) {
      if (like.length !== 1 || like[0]!.numel() !== 1)
        throw new ShapeError(`${this.#where}: v can be left out only where it has a single element`);
      return [onesOf(like[0]!)];
    }
    const list = tensors(this.#where, v, 'v');
    if (list.length !== like.length)
      throw new ShapeError(`${this.#where}: expected ${like.length} tensors in v but received ${list.length}`);
    list.forEach((x, i) => {
      if (!sameShape(x.sizes, like[i]!.sizes))
        throw new ShapeError(`${this.#where}: v[${i}] has shape ${show(x.sizes)}, expected ${show(like[i]!.sizes)}`);
    });
    return list;
  }
  /** Without history, unless the caller wants it. */
  done(x: Tensor): Tensor {
    return this.#options.createGraph ? x : x.detach();
  }
}

function tensors(where: string, x: unknown, name: string): readonly Tensor[] {
  if (x instanceof Tensor) return [x];
  if (!Array.isArray(x) || !x.every((y) => y instanceof Tensor))
    throw new TypeError(`${where}: expected a Tensor or a list of them for ${name} but received ${describe(x)}`);
  return x as readonly Tensor[];
}
/** `xs` as it came: alone or in a list. */
const like = <I extends Tensors>(inputs: Tensors, xs: readonly Tensor[]): Each<I, Tensor> =>
  (inputs instanceof Tensor ? xs[0] : xs) as Each<I, Tensor>;

function within<R>(where: string, f: () => R): R {
  return inNameOf(where, () => enableGrad(f));
}

/**
 * The derivatives of each output element by each input element, `[...output, ...input]`; lists of them for several inputs,
 * and lists of these for several outputs. Throws TypeError where the function gives no tensors.
 * @example
 * torch.autograd.functional.jacobian((x) => x.square(), torch.tensor([1.5, 2]))
 * // tensor([[3., 0.],
 * //         [0., 4.]])
 */
export function jacobian<I extends Tensors, O extends Tensors>(
  func: Fn<O>,
  inputs: I,
  ...args: Call<[createGraph?: boolean, strict?: boolean, vectorize?: boolean], JacobianOptions>
): Each<O, Each<I, Tensor>> {
  const where = 'jacobian';
  const options = readArguments<JacobianOptions>(where, args, ['createGraph', 'strict', 'vectorize']);
  return within(where, () => {
    const run = new Run(where, func, inputs, options);
    const all = run.outputs.map((out) => {
      const rows = Array.from({ length: out.numel() }, (_, i) => {
        const element = out.reshape([-1]).select(0, i);
        return run.grads([element], run.inputs, [onesOf(element)], options.createGraph ?? false);
      });
      const parts = run.inputs.map((x, k) => {
        const whole = rows.length > 0 ? stack(rows.map((row) => row[k]!)) : zerosOf([0, ...x.sizes], x.dt, x.device);
        return run.done(whole.reshape([...out.sizes, ...x.sizes]));
      });
      return like<I>(inputs, parts);
    });
    return (run.alone ? all[0] : all) as Each<O, Each<I, Tensor>>;
  });
}

/**
 * The second derivatives of a function that gives one element, `[...input, ...input]`; lists of lists of them for several
 * inputs. Throws TypeError where the function gives more than one tensor, ShapeError where that has more than one element.
 * @example
 * torch.autograd.functional.hessian((x) => x.pow(3).sum(), torch.tensor([1.5, 2]))
 * // tensor([[ 9.,  0.],
 * //         [ 0., 12.]])
 */
export function hessian<I extends Tensors>(
  func: Fn<Tensor>,
  inputs: I,
  ...args: Call<[createGraph?: boolean, strict?: boolean, vectorize?: boolean], JacobianOptions>
): Each<I, Each<I, Tensor>> {
  const where = 'hessian';
  const options = readArguments<JacobianOptions>(where, args, ['createGraph', 'strict', 'vectorize']);
  return within(where, () => {
    checkFunction(where, func);
    const slope = (...xs: Tensor[]): Tensors => {
      const run = new Run(where, func, xs, { ...options, createGraph: true });
      const grads = run.grads([run.single()], run.inputs, [run.vector(null, run.outputs)[0]!], true);
      return inputs instanceof Tensor ? grads[0]! : grads;
    };
    return jacobian(slope, inputs, options) as Each<I, Each<I, Tensor>>;
  });
}

/**
 * The outputs, and `v` times the Jacobian: the gradients of the inputs for `v` as those of the outputs. Throws ShapeError
 * where `v` has not the shapes of the outputs.
 * @example
 * torch.autograd.functional.vjp((x) => x.square(), torch.tensor([1.5, 2]), torch.tensor([1, 0.5]))[1] // tensor([3., 2.])
 */
export function vjp<I extends Tensors, O extends Tensors>(
  func: Fn<O>,
  inputs: I,
  ...args: Call<[v?: Tensors | null, createGraph?: boolean, strict?: boolean], ProductOptions>
): [O, Each<I, Tensor>] {
  const where = 'vjp';
  const { v, ...options } = readArguments<ProductOptions>(where, args, ['v', 'createGraph', 'strict']);
  return within(where, () => {
    const run = new Run(where, func, inputs, options);
    const products = run.grads(run.outputs, run.inputs, run.vector(v, run.outputs), options.createGraph ?? false);
    return [
      given<O>(run),
      like<I>(
        inputs,
        products.map((g) => run.done(g)),
      ),
    ];
  });
}

/**
 * The outputs, and the Jacobian times `v`: how the outputs change as the inputs move along `v`. Throws ShapeError where
 * `v` has not the shapes of the inputs.
 * @example
 * torch.autograd.functional.jvp((x) => x.square(), torch.tensor([1.5, 2]), torch.tensor([1, 0.5]))[1] // tensor([3., 2.])
 */
export function jvp<I extends Tensors, O extends Tensors>(
  func: Fn<O>,
  inputs: I,
  ...args: Call<[v?: Tensors | null, createGraph?: boolean, strict?: boolean], ProductOptions>
): [O, Each<O, Tensor>] {
  const where = 'jvp';
  const { v, ...options } = readArguments<ProductOptions>(where, args, ['v', 'createGraph', 'strict']);
  return within(where, () => {
    const run = new Run(where, func, inputs, options);
    const vector = run.vector(v, run.inputs);
    // twice backward: the gradients are linear in those of the outputs
    const seeds = run.outputs.map((y) => zerosOf(y.sizes, y.dt, y.device).requiresGrad_());
    const back = run.grads(run.outputs, run.inputs, seeds, true);
    const products = run.grads(back, seeds, vector, options.createGraph ?? false).map((g) => run.done(g));
    return [given<O>(run), (run.alone ? products[0] : products) as Each<O, Tensor>];
  });
}

/**
 * The output of a function that gives one element, and `v` times its Hessian. Throws TypeError and ShapeError as
 * {@link hessian}, and ShapeError where `v` has not the shapes of the inputs.
 * @example
 * torch.autograd.functional.vhp((x) => x.pow(3).sum(), torch.tensor([1.5, 2]), torch.tensor([1, 0.5]))[1] // tensor([9., 6.])
 */
export function vhp<I extends Tensors>(
  func: Fn<Tensor>,
  inputs: I,
  ...args: Call<[v?: Tensors | null, createGraph?: boolean, strict?: boolean], ProductOptions>
): [Tensor, Each<I, Tensor>] {
  return hessianProduct('vhp', func, inputs, args, (run, slopes, vector, graph) =>
    run.grads(slopes, run.inputs, vector, graph),
  );
}

/**
 * The output of a function that gives one element, and its Hessian times `v`; {@link vhp} is faster, and the same where
 * the second derivatives are continuous. Throws as `vhp`.
 * @example
 * torch.autograd.functional.hvp((x) => x.pow(3).sum(), torch.tensor([1.5, 2]), torch.tensor([1, 0.5]))[1] // tensor([9., 6.])
 */
export function hvp<I extends Tensors>(
  func: Fn<Tensor>,
  inputs: I,
  ...args: Call<[v?: Tensors | null, createGraph?: boolean, strict?: boolean], ProductOptions>
): [Tensor, Each<I, Tensor>] {
  return hessianProduct('hvp', func, inputs, args, (run, slopes, vector, graph) => {
    const seeds = run.inputs.map((x) => zerosOf(x.sizes, x.dt, x.device).requiresGrad_());
    return run.grads(run.grads(slopes, run.inputs, seeds, true), seeds, vector, graph);
  });
}

function hessianProduct<I extends Tensors>(
  where: string,
  func: Fn<Tensor>,
  inputs: I,
  args: readonly unknown[],
  multiply: (run: Run, slopes: readonly Tensor[], vector: readonly Tensor[], graph: boolean) => readonly Tensor[],
): [Tensor, Each<I, Tensor>] {
  const { v, ...options } = readArguments<ProductOptions>(where, args, ['v', 'createGraph', 'strict']);
  return within(where, () => {
    const run = new Run(where, func, inputs, options);
    const y = run.single();
    const vector = run.vector(v, run.inputs);
    const slopes = run.grads([y], run.inputs, run.vector(null, [y]), true);
    const products = multiply(run, slopes, vector, options.createGraph ?? false).map((g) => run.done(g));
    return [run.done(y), like<I>(inputs, products)];
  });
}
/** The outputs as the function gave them. */
const given = <O extends Tensors>(run: Run): O => {
  const outputs = run.outputs.map((y) => run.done(y));
  return (run.alone ? outputs[0] : outputs) as O;
};
