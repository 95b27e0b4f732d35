// Anomaly detection: which forward call a failing backward belongs to, and NaN in gradients where they first appear.
// Switched by torch.autograd.detectAnomaly; nodes note where they were made, the engine looks at what they give.
import { checkOptions } from '../arguments.ts';
import { AutogradError, checkFunction, describe } from '../errors.ts';
import { anomaly } from './mode.ts';
import { type Grad, type Node, traceOf } from './node.ts';
import { leaving } from '../scope.ts';

/** Options of {@link detectAnomaly} and {@link setDetectAnomaly}. */
export interface AnomalyOptions {
  /** Whether gradients that hold NaN are an error; true if absent. */
  checkNan?: boolean | undefined;
}

function checkNanOf(where: string, options: unknown): boolean {
  checkOptions(where, options, ['checkNan']);
  const { checkNan = true } = (options ?? {}) as AnomalyOptions;
  if (typeof checkNan !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for checkNan but received ${describe(checkNan)}`);
  return checkNan;
}
function within<R>(on: boolean, checkNan: boolean, f: () => R): R {
  const before = { ...anomaly };
  const restore = (): void => void Object.assign(anomaly, before);
  Object.assign(anomaly, { on, checkNan });
  return leaving(f, restore);
}

/**
 * Runs `f`, which may be async, with anomaly detection, and gives back what it gives back: an error in backward comes with
 * a warning, and a `cause`, that show where the operation was called in forward, and gradients that hold NaN are an
 * AutogradError (unless `checkNan` is false). Slow: for finding mistakes alone.
 * @example
 * const x = torch.tensor([-1.5], { requiresGrad: true })
 * torch.autograd.detectAnomaly(() => {
 *   try {
 *     x.sqrt().sum().backward()
 *     return 'fine'
 *   } catch (error) {
 *     return (error as Error).message
 *   }
 * }) // backward: Function 'SqrtBackward0' returned nan values in its 0th output.
 */
export function detectAnomaly<R>(f: () => R): R;
export function detectAnomaly<R>(options: AnomalyOptions, f: () => R): R;
export function detectAnomaly<R>(first: AnomalyOptions | (() => R), second?: () => R): R {
  const where = 'detectAnomaly';
  const f = typeof first === 'function' ? first : second;
  const checkNan = checkNanOf(where, typeof first === 'function' ? second : first);
  if (typeof f !== 'function') throw new TypeError(`${where}: expected a function but received ${describe(f)}`);
  process.emitWarning(
    'Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.',
  );
  return within(true, checkNan, f);
}
/**
 * Switches anomaly detection on or off; with a function, only while that runs. See {@link detectAnomaly}.
 * @example
 * torch.autograd.setDetectAnomaly(true, () => torch.isAnomalyEnabled()) // true
 */
export function setDetectAnomaly(mode: boolean, options?: AnomalyOptions): void;
export function setDetectAnomaly<R>(mode: boolean, f: () => R): R;
export function setDetectAnomaly<R>(mode: boolean, options: AnomalyOptions, f: () => R): R;
export function setDetectAnomaly<R>(
  mode: boolean,
  first?: AnomalyOptions | (() => R),
  second?: () => R,
): R | undefined {
  const where = 'setDetectAnomaly';
  if (typeof mode !== 'boolean') throw new TypeError(`${where}: expected a boolean but received ${describe(mode)}`);
  const f = typeof first === 'function' ? first : second;
  const checkNan = checkNanOf(where, typeof first === 'function' ? second : first);
  if (f === undefined) {
    Object.assign(anomaly, { on: mode, checkNan });
    return undefined;
  }
  checkFunction(where, f);
  return within(mode, checkNan, f);
}
/**
 * Whether anomaly detection is on.
 * @example
 * torch.isAnomalyEnabled() // false
 */
export const isAnomalyEnabled = (): boolean => anomaly.on;
/**
 * Whether anomaly detection looks for NaN.
 * @example
 * torch.isAnomalyCheckNanEnabled() // true
 */
export const isAnomalyCheckNanEnabled = (): boolean => anomaly.checkNan;

/** Runs a node's backward for the engine while detection is on. */
export function watchedBackward(node: Node, grads: readonly Grad[]): readonly Grad[] {
  try {
    const results = node.backward(grads);
    if (anomaly.checkNan) {
      results.forEach((g, i) => {
        if (g && node.next[i] && g.detach().isnan().any().item())
          throw new AutogradError(`backward: Function '${node.name}' returned nan values in its ${i}th output.`);
      });
    }
    return results;
  } catch (error) {
    const trace = traceOf(node);
    const calls = trace?.stack?.split('\n').slice(1).join('\n');
    process.emitWarning(
      `Error detected in ${node.name}. ${
        calls === undefined
          ? 'No forward pass information available. Enable detect anomaly during forward pass for more information.'
          : `Traceback of forward call that caused the error:\n${calls}`
      }`,
    );
    if (trace && error instanceof Error && error.cause === undefined) error.cause = trace;
    throw error;
  }
}
