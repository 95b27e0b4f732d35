// L-BFGS: steps along curvature measured at past steps; calls its closure several times a step.
import { enableGrad, noGrad } from '../autograd/mode.ts';
import { scalarTensor, zeros } from '../create.ts';
import { type Call, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { cat } from '../ops/join.ts';
import { Tensor } from '../tensor.ts';
import { notNegative, number } from './checks.ts';
import { type Evaluation, strongWolfe } from './line-search.ts';
import { Optimizer, type ParamGroup, type Params, type Taken } from './optimizer.ts';
import type { ParameterState, StateValue } from './state-dict.ts';

/** Options of {@link LBFGS}. */
export interface LBFGSOptions {
  lr: number;
  /** Iterations in one step, at most. */
  maxIter: number;
  /** Calls of the closure in one step, at most; 5/4 of `maxIter` if null. */
  maxEval: number | null;
  /** The step ends where no gradient is larger. */
  toleranceGrad: number;
  /** The step ends where neither loss nor parameters change by more. */
  toleranceChange: number;
  /** Past steps that are remembered. */
  historySize: number;
  lineSearchFn: 'strong_wolfe' | 'strongWolfe' | null;
}
const NAMES = ['lr', 'maxIter', 'maxEval', 'toleranceGrad', 'toleranceChange', 'historySize', 'lineSearchFn'];

const asNumber = (x: StateValue | undefined): number => (x instanceof Tensor ? x.item() : Number(x));
const tensors = (x: StateValue | undefined): Tensor[] => (Array.isArray(x) ? ([...x] as Tensor[]) : []);
const largest = (x: Tensor): number => (x.count === 0 ? 0 : x.abs().max().item());

/**
 * L-BFGS (heavily inspired by minFunc, https://www.cs.ubc.ca/~schmidtm/Software/minFunc.html): `step` takes a closure that
 * clears the gradients, computes the loss, calls `backward` and gives the loss back. All parameters are one group. Throws
 * RangeError for values out of range.
 * @example
 * const w = torch.tensor([3, -2], { requiresGrad: true })
 * const optimizer = new torch.optim.LBFGS([w], { lineSearchFn: 'strong_wolfe' })
 * optimizer.step(() => {
 *   optimizer.zeroGrad()
 *   const loss = w.sub(1).square().sum()
 *   loss.backward()
 *   return loss
 * }) // tensor(13., grad_fn=<SumBackward0>)
 * w // tensor([1.0000, 1.0000], requires_grad=True)
 */
export class LBFGS extends Optimizer<LBFGSOptions> {
  constructor(
    params: Params<LBFGSOptions>,
    ...args: Call<
      [
        lr?: number | Tensor,
        maxIter?: number,
        maxEval?: number | null,
        toleranceGrad?: number,
        toleranceChange?: number,
        historySize?: number,
        lineSearchFn?: LBFGSOptions['lineSearchFn'],
      ],
      Partial<Taken<LBFGSOptions>>
    >
  ) {
    const options = readArguments<Taken<LBFGSOptions>>('LBFGS', args, NAMES);
    const { maxIter = 20 } = options;
    number('LBFGS', 'maxIter', maxIter);
    const maxEval = options.maxEval ?? Math.floor((maxIter * 5) / 4);
    super(params, {
      ...{ lr: 1, maxIter, maxEval, toleranceGrad: 1e-7, toleranceChange: 1e-9, historySize: 100, lineSearchFn: null },
      ...options,
      maxEval,
    });
    if (this.paramGroups.length !== 1)
      throw new RangeError("LBFGS: LBFGS doesn't support per-parameter options (parameter groups)");
  }
  protected override check(where: string, o: LBFGSOptions): void {
    notNegative(where, 'learning rate', o.lr);
    for (const name of ['maxIter', 'maxEval', 'toleranceGrad', 'toleranceChange', 'historySize'] as const)
      number(where, name, o[name]);
    // the state has a place for each, used or not
    if (o.historySize > 2 ** 24) throw new RangeError(`${where}: historySize ${o.historySize} is too large`);
    if (o.lineSearchFn !== null && o.lineSearchFn !== 'strong_wolfe' && o.lineSearchFn !== 'strongWolfe')
      throw new RangeError(`${where}: only 'strong_wolfe' is supported but received ${describe(o.lineSearchFn)}`);
    // the name that PyTorch's state dicts have
    if (o.lineSearchFn === 'strongWolfe') o.lineSearchFn = 'strong_wolfe';
  }
  protected override start(): void {}
  protected override resume(): void {}
  protected override update(): void {}

  protected override advanceAll<R>(closure?: () => R): R | null {
    if (typeof closure !== 'function')
      throw new TypeError(`LBFGS: step needs a closure that computes the loss but received ${describe(closure)}`);
    return noGrad(() => this.#advance(closure));
  }
  /** All gradients in one row. */
  #gradient(params: readonly Tensor[]): Tensor {
    return cat(
      params.map((p) =>
        p.grad === null ? zeros([p.count], { dtype: p.dtype, device: p.device }) : p.grad.reshape(-1),
      ),
    );
  }
  /** Moves all parameters along a row. */
  #move(params: readonly Tensor[], step: number, direction: Tensor): void {
    let at = 0;
    for (const p of params) {
      p.add_(direction.narrow(0, at, p.count).view(p.sizes), { alpha: step });
      at += p.count;
    }
  }
  #advance<R>(closure: () => R): R {
    const group: ParamGroup<LBFGSOptions> = this.paramGroups[0]!;
    const { params, lr, maxIter, toleranceGrad, toleranceChange, historySize, lineSearchFn } = group;
    const maxEval = group.maxEval!;
    const first = params[0]!;
    const state: ParameterState = this.state.get(first) ?? { func_evals: 0, n_iter: 0 };
    this.state.set(first, state);

    const evaluate = (): { loss: number; result: R } => {
      const result = enableGrad(closure);
      if (!(result instanceof Tensor) && typeof result !== 'number')
        throw new TypeError(`LBFGS: the closure must give the loss but gave ${describe(result)}`);
      return { result, loss: result instanceof Tensor ? result.item() : Number(result) };
    };
    // what PyTorch's state dicts have as tensors
    const scalar = (x: number): Tensor => scalarTensor(x, { dtype: first.dtype, device: first.device });
    const start = evaluate();
    let { loss } = start;
    let evals = 1;
    state.func_evals = asNumber(state.func_evals) + 1;
    let gradient = this.#gradient(params);
    let flat = largest(gradient) <= toleranceGrad;
    if (flat) return start.result;

    let direction = state.d as Tensor;
    let t = asNumber(state.t);
    const differences = tensors(state.old_dirs);
    const steps = tensors(state.old_stps);
    const ro = Array.isArray(state.ro) ? state.ro.map(asNumber) : [];
    let scale = state.H_diag === undefined ? 1 : asNumber(state.H_diag);
    let previous = state.prev_flat_grad instanceof Tensor ? state.prev_flat_grad : null;
    let previousLoss = 0;

    for (let n = 1; n <= maxIter; n++) {
      const iteration = asNumber(state.n_iter) + 1;
      state.n_iter = iteration;
      if (iteration === 1 || previous === null) {
        direction = gradient.neg();
        differences.length = steps.length = ro.length = 0;
        scale = 1;
      } else {
        const y = gradient.sub(previous);
        const s = direction.mul(t);
        const ys = y.dot(s).item();
        if (ys > 1e-10) {
          if (differences.length === historySize) {
            differences.shift();
            steps.shift();
            ro.shift();
          }
          differences.push(y);
          steps.push(s);
          ro.push(1 / ys);
          scale = ys / y.dot(y).item();
        }
        // the inverse Hessian, as the history approximates it, times the gradient
        const al = new Array<number>(differences.length).fill(0);
        const q = gradient.neg();
        for (let i = differences.length - 1; i >= 0; i--) {
          al[i] = steps[i]!.dot(q).item() * ro[i]!;
          q.add_(differences[i]!, { alpha: -al[i]! });
        }
        direction = q.mul(scale);
        for (let i = 0; i < differences.length; i++) {
          const be = differences[i]!.dot(direction).item() * ro[i]!;
          direction.add_(steps[i]!, { alpha: al[i]! - be });
        }
        state.al = [...al.map(scalar), ...new Array<null>(Math.max(0, historySize - al.length)).fill(null)];
      }
      previous = gradient.clone();
      previousLoss = loss;
      t = iteration === 1 ? Math.min(1, 1 / gradient.abs().sum().item()) * lr : lr;
      const slope = gradient.dot(direction).item();
      if (slope > -toleranceChange) break;

      let made = 0;
      if (lineSearchFn !== null) {
        const origin = params.map((p) => p.clone());
        const at = (step: number): Evaluation => {
          this.#move(params, step, direction);
          const value = evaluate().loss;
          const g = this.#gradient(params);
          params.forEach((p, i) => p.copy_(origin[i]!));
          return { loss: value, gradient: g, slope: g.dot(direction).item() };
        };
        const found = strongWolfe(at, t, largest(direction), { loss, gradient, slope }, maxEval - evals);
        ({ loss, gradient, t } = found);
        made = found.evaluations;
        this.#move(params, t, direction);
        flat = largest(gradient) <= toleranceGrad;
      } else {
        this.#move(params, t, direction);
        // not after the last: nobody would use it
        if (n !== maxIter) {
          ({ loss } = evaluate());
          gradient = this.#gradient(params);
          flat = largest(gradient) <= toleranceGrad;
          made = 1;
        }
      }
      evals += made;
      state.func_evals = asNumber(state.func_evals) + made;
      if (n === maxIter || evals >= maxEval || flat) break;
      if (largest(direction.mul(t)) <= toleranceChange) break;
      if (Math.abs(loss - previousLoss) < toleranceChange) break;
    }
    Object.assign(state, {
      d: direction,
      t,
      old_dirs: differences,
      old_stps: steps,
      ro: ro.map(scalar),
      H_diag: ro.length === 0 ? scale : scalar(scale),
      prev_flat_grad: previous,
      prev_loss: previousLoss,
    });
    return start.result;
  }
}
