// gradcheck and gradgradcheck: derivatives against finite differences, as torch.autograd.gradcheck.
import { checkTensor } from '../dispatch.ts';
import { checkOptions } from '../arguments.ts';
import { float64 } from '../dtype.ts';
import { AutogradError, DtypeError, checkFunction, describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { grad } from './engine.ts';
import { enableGrad, noGrad } from './mode.ts';

/** Options of gradcheck. */
export interface GradcheckOptions {
  /** Step of the finite differences. */
  eps?: number | undefined;
  atol?: number | undefined;
  rtol?: number | undefined;
  /** False gives false instead of an error. */
  raiseException?: boolean | undefined;
}
type Outputs = Tensor | readonly Tensor[];
type Fn = (...inputs: Tensor[]) => Outputs;

const list = (out: Outputs): Tensor[] => (out instanceof Tensor ? [out] : [...out]).filter((o) => o.isFloatingPoint());

/** The derivative of every output element by every element of `x`: rows are outputs. */
function numeric(f: Fn, inputs: readonly Tensor[], which: number, eps: number): number[][] {
  const x = inputs[which]!.detach().clone();
  const flat = x.view(-1);
  const values = flat.tolist() as number[];
  const at = (i: number, v: number): number[] => {
    noGrad(() => flat.select(0, i).fill_(v));
    return noGrad(() =>
      list(f(...inputs.map((t, k) => (k === which ? x : t)))).flatMap((o) => o.reshape(-1).tolist() as number[]),
    );
  };
  return values.map((v, i) => {
    const [up, down] = [at(i, v + eps), at(i, v - eps)];
    at(i, v);
    return up.map((u, k) => (u - down[k]!) / (2 * eps));
  });
}

function inputsOf(where: string, inputs: Tensor | readonly Tensor[]): Tensor[] {
  const list = inputs instanceof Tensor ? [inputs] : inputs;
  if (!Array.isArray(list)) throw new TypeError(`${where}: expected a list of tensors but received ${describe(list)}`);
  for (const x of list) checkTensor(where, x);
  return [...list];
}
/**
 * Whether the derivatives that `f` gives agree with finite differences, for float64 inputs that require gradients.
 * Throws AutogradError saying where they do not, unless `raiseException` is false.
 * @example
 * torch.autograd.gradcheck((x) => x.mul(x), [torch.tensor([1.5, 2], { dtype: 'float64', requiresGrad: true })]) // true
 */
export function gradcheck(f: Fn, inputs: Tensor | readonly Tensor[], options: GradcheckOptions = {}): boolean {
  checkOptions('gradcheck', options, ['eps', 'atol', 'rtol', 'raiseException']);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options;
  checkFunction('gradcheck', f);
  const xs = inputsOf('gradcheck', inputs);
  const wanted = xs.map((x, i) => (x.requiresGrad ? i : -1)).filter((i) => i >= 0);
  if (wanted.length === 0) throw new AutogradError('gradcheck: expects at least one input that requires gradients');
  for (const i of wanted)
    if (xs[i]!.dt !== float64)
      throw new DtypeError(`gradcheck: input ${i} is ${xs[i]!.dtype}; finite differences need float64`);
  const outs = list(f(...xs));
  for (const i of wanted) {
    const differences = numeric(f, xs, i, eps);
    let column = 0;
    for (const [o, out] of outs.entries()) {
      for (let k = 0; k < out.count; k++, column++) {
        let analytic: number[] = new Array<number>(xs[i]!.count).fill(0);
        if (out.requiresGrad) {
          const seed = noGrad(() => {
            const s = out.detach().mul(0).contiguous();
            s.view(-1).select(0, k).fill_(1);
            return s;
          });
          const [g] = grad('gradcheck', [out], [xs[i]!], [seed], { retainGraph: true, allowUnused: true });
          if (g) analytic = g.reshape(-1).tolist() as number[];
        }
        for (let j = 0; j < analytic.length; j++) {
          const [a, n] = [analytic[j]!, differences[j]![column]!];
          if (Math.abs(a - n) <= atol + rtol * Math.abs(n)) continue;
          if (!raiseException) return false;
          throw new AutogradError(
            `gradcheck: the derivative of element ${k} of output ${o} by element ${j} of input ${i} is ${a}, finite differences say ${n}`,
          );
        }
      }
    }
  }
  return true;
}

/** Numbers that are neither equal nor zero, in the shape of `o`. */
function ramp(o: Tensor): Tensor {
  const out = o.detach().mul(0).contiguous();
  for (let i = 0; i < out.count; i++)
    out
      .view(-1)
      .select(0, i)
      .fill_(0.7 + 0.13 * ((i * 7) % 11));
  return out;
}

/**
 * As {@link gradcheck}, of the derivatives themselves: second-order derivatives against finite differences.
 * @example
 * torch.autograd.gradgradcheck((x) => x.mul(x).mul(x), [torch.tensor([1.5], { dtype: 'float64', requiresGrad: true })]) // true
 */
export function gradgradcheck(
  f: Fn,
  inputs: Tensor | readonly Tensor[],
  gradOutputs?: readonly Tensor[] | null,
  options: GradcheckOptions = {},
): boolean {
  checkFunction('gradgradcheck', f);
  const xs = inputsOf('gradgradcheck', inputs);
  const outs = list(f(...xs)).filter((o) => o.requiresGrad);
  // seeds that are neither equal nor zero, the same at every call
  const seeds = gradOutputs ? [...gradOutputs] : outs.map((o) => noGrad(() => ramp(o)));
  for (const s of seeds) s.requiresGrad = true;
  const wanted = xs.filter((x) => x.requiresGrad);
  const derivative: Fn = (...args) => {
    const [points, weights] = [args.slice(0, xs.length), args.slice(xs.length)];
    const live = points.map((p, i) => (xs[i]!.requiresGrad && !p.requiresGrad ? p.detach().requiresGrad_() : p));
    return enableGrad(() => {
      const results = list(f(...live)).filter((o) => o.requiresGrad);
      const by = live.filter((_, i) => xs[i]!.requiresGrad);
      return grad('gradgradcheck', results, by, weights, {
        createGraph: true,
        allowUnused: true,
        materializeGrads: true,
      }).map((g) => g!);
    });
  };
  return wanted.length > 0 && gradcheck(derivative, [...xs, ...seeds], options);
}
