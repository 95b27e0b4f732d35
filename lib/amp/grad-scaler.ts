// GradScaler: losses are multiplied before backward, gradients divided before the step, and steps left out where a gradient
// was infinite. Used around any optimizer.
import { noGrad } from '../autograd/mode.ts';
import { scalarTensor } from '../create.ts';
import { cudaStatus } from '../cuda/native.ts';
import { type Call, readArguments } from '../arguments.ts';
import { float16 } from '../dtype.ts';
import { checkNumber, describe, DtypeError } from '../errors.ts';
import { Optimizer } from '../optim/optimizer.ts';
import { Tensor } from '../tensor.ts';

const NAMES = ['device', 'initScale', 'growthFactor', 'backoffFactor', 'growthInterval', 'enabled'];
/** Options of {@link GradScaler}. */
export interface GradScalerOptions {
  /** `'cuda'`, where there is none, switches scaling off. */
  device?: string | undefined;
  initScale?: number | undefined;
  /** What the scale is multiplied by after `growthInterval` steps that went well. */
  growthFactor?: number | undefined;
  /** What it is multiplied by after one that did not. */
  backoffFactor?: number | undefined;
  growthInterval?: number | undefined;
  enabled?: boolean | undefined;
}
interface OptimizerState {
  stage: 'ready' | 'unscaled' | 'stepped';
  /** Whether a gradient was infinite or no number; null if none was looked at. */
  foundInf: boolean | null;
}

/** Any optimizer: scalers touch gradients only. */
type AnyOptimizer = Pick<Optimizer, 'paramGroups'> & { step(): unknown };

/**
 * Scales losses, so that small gradients do not vanish in float16, and finds the scale: `scaler.scale(loss).backward()`,
 * `scaler.step(optimizer)`, `scaler.update()`. Steps with infinite gradients are left out. With `enabled` false, or for
 * CUDA where there is none, everything goes its ordinary way. Throws RangeError for factors on the wrong side of 1.
 * @example
 * const w = torch.tensor([2.5], { requiresGrad: true })
 * const optimizer = new torch.optim.SGD([w], { lr: 1 })
 * const scaler = new torch.amp.GradScaler('cpu', { initScale: 4 })
 * scaler.scale(w.sum()).backward()
 * const scaled = w.grad!.item()
 * scaler.step(optimizer)
 * scaler.update()
 * [scaled, w.item()] // [ 4, 1.5 ]
 */
export class GradScaler {
  readonly #enabled: boolean;
  #scale: Tensor;
  #tracker = 0;
  #growthFactor: number;
  #backoffFactor: number;
  #growthInterval: number;
  /** PyTorch makes its scale when a loss is scaled first. */
  #started = false;
  readonly #states = new Map<object, OptimizerState>();

  constructor(
    ...args: Call<
      [
        device?: string,
        initScale?: number,
        growthFactor?: number,
        backoffFactor?: number,
        growthInterval?: number,
        enabled?: boolean,
      ],
      GradScalerOptions
    >
  ) {
    const o = readArguments<GradScalerOptions>('GradScaler', args, NAMES);
    const { device = 'cuda', initScale = 2 ** 16, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = o;
    let { enabled = true } = o;
    if (typeof device !== 'string')
      throw new TypeError(`GradScaler: expected a string for device but received ${describe(device)}`);
    for (const [name, value] of Object.entries({ initScale, growthFactor, backoffFactor, growthInterval }))
      checkNumber('GradScaler', name, value);
    if (enabled && /^cuda\b/.test(device) && cudaStatus().devices === 0) {
      process.emitWarning('GradScaler: enabled, but CUDA is not available. Disabling.');
      enabled = false;
    }
    if (enabled && !(growthFactor > 1)) throw new RangeError('GradScaler: The growth factor must be > 1.0.');
    if (enabled && !(backoffFactor < 1)) throw new RangeError('GradScaler: The backoff factor must be < 1.0.');
    this.#enabled = Boolean(enabled);
    this.#scale = scalarTensor(initScale, { dtype: 'float32', device: 'cpu' });
    this.#growthFactor = growthFactor;
    this.#backoffFactor = backoffFactor;
    this.#growthInterval = growthInterval;
  }

  /** Multiplies a loss, or each of a list of them, by the scale. */
  scale<T extends Tensor | readonly Tensor[]>(outputs: T): T;
  scale(outputs: Tensor | readonly Tensor[]): Tensor | Tensor[] {
    if (!this.#enabled) return outputs as Tensor | Tensor[];
    this.#started = true;
    if (outputs instanceof Tensor) return outputs.mul(this.#scale);
    if (!Array.isArray(outputs))
      throw new TypeError(`GradScaler: outputs must be a Tensor or a list of Tensors but are ${describe(outputs)}`);
    return (outputs as readonly Tensor[]).map((x) => this.scale(x));
  }
  #state(where: string, optimizer: unknown): OptimizerState {
    if (!(optimizer instanceof Optimizer))
      throw new TypeError(`GradScaler: ${where}: ${describe(optimizer)} is not an Optimizer`);
    if (!this.#started)
      throw new RangeError(`GradScaler: Attempted ${where} but no loss was scaled: this scaler has no scale yet`);
    let state = this.#states.get(optimizer);
    if (!state) this.#states.set(optimizer, (state = { stage: 'ready', foundInf: null }));
    return state;
  }
  /** Divides the gradients of an optimizer's parameters by the scale, before they are clipped or looked at. */
  unscale_(optimizer: AnyOptimizer): void {
    if (!this.#enabled) return;
    const state = this.#state('unscale_', optimizer);
    if (state.stage === 'unscaled')
      throw new RangeError('GradScaler: unscale_() has already been called on this optimizer since the last update().');
    if (state.stage === 'stepped') throw new RangeError('GradScaler: unscale_() is being called after step().');
    const inverse = Math.fround(1 / this.#scale.item());
    noGrad(() => {
      for (const { params } of optimizer.paramGroups) {
        for (const { grad } of params) {
          if (grad === null) continue;
          if (grad.dt === float16) throw new DtypeError('GradScaler: Attempting to unscale FP16 gradients.');
          state.foundInf = !grad.isfinite().all().item() || state.foundInf === true;
          grad.mul_(inverse);
        }
      }
    });
    state.stage = 'unscaled';
  }
  /** Makes an optimizer's step unless a gradient is infinite or no number; gives what the step gives, or null. */
  step<R>(optimizer: AnyOptimizer & { step(closure: () => R): R }, closure: () => R): R | null;
  step(optimizer: AnyOptimizer): unknown;
  step(optimizer: AnyOptimizer, ...args: readonly unknown[]): unknown {
    if (!this.#enabled) return Reflect.apply(optimizer.step, optimizer, args);
    if (args.length > 0)
      throw new RangeError('GradScaler: Closure use is not currently supported if GradScaler is enabled.');
    const state = this.#state('step', optimizer);
    if (state.stage === 'stepped')
      throw new RangeError('GradScaler: step() has already been called since the last update().');
    if (state.stage === 'ready') this.unscale_(optimizer);
    if (state.foundInf === null) throw new RangeError('GradScaler: No inf checks were recorded for this optimizer.');
    const result = state.foundInf ? null : optimizer.step();
    state.stage = 'stepped';
    return result;
  }
  /** Ends an iteration: the scale grows after steps that went well, and shrinks after one that did not. */
  update(newScale?: number | Tensor | null): void {
    if (!this.#enabled) return;
    if (!this.#started) throw new RangeError('GradScaler: Attempted update but no loss was scaled');
    if (newScale !== undefined && newScale !== null) {
      if (newScale instanceof Tensor ? newScale.count !== 1 || newScale.requiresGrad : typeof newScale !== 'number') {
        throw new TypeError(
          `GradScaler: newScale should be a number or a tensor with one element that requires no gradient, but is ${describe(newScale)}`,
        );
      }
      this.#scale.fill_(newScale instanceof Tensor ? newScale.item() : newScale);
    } else {
      const found = [...this.#states.values()].flatMap((s) => (s.foundInf === null ? [] : [s.foundInf]));
      if (found.length === 0) throw new RangeError('GradScaler: No inf checks were recorded prior to update.');
      if (found.includes(true)) {
        this.#scale.mul_(this.#backoffFactor);
        this.#tracker = 0;
      } else if (this.#tracker + 1 === this.#growthInterval) {
        const grown = Math.fround(this.#scale.item() * this.#growthFactor);
        if (Number.isFinite(grown)) this.#scale.fill_(grown);
        this.#tracker = 0;
      } else this.#tracker++;
    }
    this.#states.clear();
  }

  /** The scale; 1 when not enabled. */
  getScale(): number {
    return this.#enabled ? this.#scale.item() : 1;
  }
  /** Whether losses are scaled. */
  isEnabled(): boolean {
    return this.#enabled;
  }
  /** What the scale is multiplied by when it grows. */
  getGrowthFactor(): number {
    return this.#growthFactor;
  }
  /** Sets what the scale is multiplied by when it grows. */
  setGrowthFactor(factor: number): void {
    checkNumber('setGrowthFactor', 'factor', factor);
    this.#growthFactor = factor;
  }
  /** What the scale is multiplied by when it shrinks. */
  getBackoffFactor(): number {
    return this.#backoffFactor;
  }
  /** Sets what the scale is multiplied by when it shrinks. */
  setBackoffFactor(factor: number): void {
    checkNumber('setBackoffFactor', 'factor', factor);
    this.#backoffFactor = factor;
  }
  /** How many steps must go well before the scale grows. */
  getGrowthInterval(): number {
    return this.#growthInterval;
  }
  /** Sets how many steps must go well before the scale grows. */
  setGrowthInterval(interval: number): void {
    checkNumber('setGrowthInterval', 'interval', interval);
    this.#growthInterval = interval;
  }
  /** The scaler's state, by PyTorch's names; empty when not enabled. */
  stateDict(): Record<string, number> {
    if (!this.#enabled) return {};
    return {
      scale: this.getScale(),
      growth_factor: this.#growthFactor,
      backoff_factor: this.#backoffFactor,
      growth_interval: this.#growthInterval,
      _growth_tracker: this.#tracker,
    };
  }
  /** Takes over what {@link stateDict} gave, here or in PyTorch. Throws RangeError for an empty one. */
  loadStateDict(dict: Readonly<Record<string, unknown>>): void {
    if (!this.#enabled) return;
    if (typeof dict !== 'object' || dict === null || Object.keys(dict).length === 0) {
      throw new RangeError(
        'GradScaler: The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.',
      );
    }
    const read = (name: string): number => {
      const value = dict[name];
      checkNumber('GradScaler', name, value);
      return value;
    };
    this.#scale.fill_(read('scale'));
    this.#growthFactor = read('growth_factor');
    this.#backoffFactor = read('backoff_factor');
    this.#growthInterval = read('growth_interval');
    this.#tracker = read('_growth_tracker');
  }
}
