// Whether operations are recorded. PyTorch's `with` blocks are functions here; they may be async.
import { checkFunction } from '../errors.ts';

/** Read on every operation; changed by the functions below only. */
export const mode: { grad: boolean; inference: boolean } = { grad: true, inference: false };
/** Read when nodes are made and run; changed by anomaly.ts only. */
export const anomaly: { on: boolean; checkNan: boolean } = { on: false, checkNan: true };

function within<R>(grad: boolean, inference: boolean, f: () => R): R {
  const before = { ...mode };
  const restore = (): void => {
    mode.grad = before.grad;
    mode.inference = before.inference;
  };
  mode.grad = grad;
  mode.inference = inference;
  let result: R;
  try {
    result = f();
  } catch (error) {
    restore();
    throw error;
  }
  if (result instanceof Promise) return result.finally(restore) as R;
  restore();
  return result;
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
 * Runs `f` with recording on, also inside {@link noGrad}.
 * @example
 * const w = torch.ones([2], { requiresGrad: true })
 * torch.noGrad(() => torch.enableGrad(() => w.mul(2))).requiresGrad // true
 */
export function enableGrad<R>(f: () => R): R {
  checkFunction('enableGrad', f);
  return within(true, false, f);
}

/**
 * As {@link noGrad}: nothing that `f` computes can be differentiated.
 * @example
 * torch.inferenceMode(() => torch.isInferenceModeEnabled()) // true
 */
export function inferenceMode<R>(f: () => R): R {
  checkFunction('inferenceMode', f);
  return within(false, true, f);
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
  if (f) return within(enabled, enabled ? false : mode.inference, f);
  mode.grad = enabled;
  return undefined;
}

/**
 * Whether operations are recorded now.
 * @example
 * torch.noGrad(() => torch.isGradEnabled()) // false
 */
export const isGradEnabled = (): boolean => mode.grad;
/**
 * Whether {@link inferenceMode} is on.
 * @example
 * torch.isInferenceModeEnabled() // false
 */
export const isInferenceModeEnabled = (): boolean => mode.inference;
