// Whether operations are recorded. PyTorch's `with` blocks are functions here; they may be async.
import { checkFunction } from '../errors.ts';
import { leaving } from '../scope.ts';

/**
 * Read on every operation; changed by the functions below only. `grad` is whether operations are recorded: what was asked
 * for (`enabled`), unless `inference` is on.
 */
export const mode: { grad: boolean; enabled: boolean; inference: boolean } = {
  grad: true,
  enabled: true,
  inference: false,
};
/** Sets it; gives what puts it back. */
export function enter(enabled: boolean, inference: boolean): () => void {
  const before = { ...mode };
  mode.enabled = enabled;
  mode.inference = inference;
  mode.grad = enabled && !inference;
  return () => void Object.assign(mode, before);
}
/** Read when nodes are made and run; changed by anomaly.ts only. */
export const anomaly: { on: boolean; checkNan: boolean } = { on: false, checkNan: true };

function within<R>(enabled: boolean, inference: boolean, f: () => R): R {
  const restore = enter(enabled, inference);
  return leaving(f, restore);
}

/**
 * Runs `f` without recording operations, and gives back what it returns.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * torch.noGrad(() => w.mul(2)).requiresGrad // false
 */
export function noGrad<R>(f: () => R): R {
  checkFunction('noGrad', f);
  return within(false, mode.inference, f);
}

/**
 * Runs `f` with recording on, also inside {@link noGrad}; inside {@link inferenceMode} nothing is recorded all the same.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * torch.noGrad(() => torch.enableGrad(() => w.mul(2))).requiresGrad // true
 */
export function enableGrad<R>(f: () => R): R {
  checkFunction('enableGrad', f);
  return within(true, mode.inference, f);
}

/**
 * As {@link noGrad}, and the tensors that `f` makes are inference tensors (see `isInference`): outside they can be
 * computed with, but not changed in place, nor be part of what is differentiated where backward needs their values. With
 * `false` in front it is off while `f` runs.
 * @example
 * torch.inferenceMode(() => torch.isInferenceModeEnabled()) // true
 */
export function inferenceMode<R>(f: () => R): R;
export function inferenceMode<R>(mode: boolean, f: () => R): R;
export function inferenceMode<R>(...args: [f: () => R] | [mode: boolean, f: () => R]): R {
  const [first, second] = args;
  const f = typeof first === 'boolean' ? second : first;
  checkFunction('inferenceMode', f);
  const on = first !== false;
  return within(!on, on, f as () => R);
}

/**
 * Switches recording on or off; with a function, only while that runs.
 * @example
 * torch.setGradEnabled(false, () => torch.isGradEnabled()) // false
 */
export function setGradEnabled(enabled: boolean): void;
export function setGradEnabled<R>(enabled: boolean, f: () => R): R;
export function setGradEnabled<R>(enabled: boolean, f?: () => R): R | undefined {
  if (f !== undefined) checkFunction('setGradEnabled', f);
  if (f) return within(enabled, mode.inference, f);
  enter(enabled, mode.inference);
  return undefined;
}

/**
 * Whether operations are recorded now.
 * @example
 * torch.noGrad(() => torch.isGradEnabled()) // false
 */
export const isGradEnabled = (): boolean => mode.enabled;
/**
 * Whether {@link inferenceMode} is on.
 * @example
 * torch.isInferenceModeEnabled() // false
 */
export const isInferenceModeEnabled = (): boolean => mode.inference;
