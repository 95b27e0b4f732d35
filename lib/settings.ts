// Switches of the namespace that PyTorch has for its libraries: determinism, and the precision of float32 products.
import { readArguments } from './define.ts';
import { describe } from './errors.ts';

// every kernel here gives the same result each time: the switch is remembered and changes nothing
let deterministic = false;
let warnOnly = false;
let precision = 'highest';

/**
 * Asks for deterministic algorithms; all here are, and nothing changes. Throws TypeError for anything but a boolean.
 * @example
 * torch.useDeterministicAlgorithms(true)
 * const asked = torch.areDeterministicAlgorithmsEnabled()
 * torch.useDeterministicAlgorithms(false)
 * asked // true
 */
export function useDeterministicAlgorithms(mode: boolean, options?: { warnOnly?: boolean }): void {
  const where = 'useDeterministicAlgorithms';
  const o = readArguments<{ mode: boolean; warnOnly: boolean }>(
    where,
    options === undefined ? [mode] : [mode, options],
    ['mode'],
    ['warnOnly'],
  );
  if (typeof o.mode !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for mode but received ${describe(mode)}`);
  if (o.warnOnly !== undefined && typeof o.warnOnly !== 'boolean')
    throw new TypeError(`${where}: expected a boolean for warnOnly but received ${describe(o.warnOnly)}`);
  deterministic = o.mode;
  warnOnly = o.warnOnly ?? false;
}
/**
 * Whether deterministic algorithms were asked for.
 * @example
 * torch.areDeterministicAlgorithmsEnabled() // false
 */
export const areDeterministicAlgorithmsEnabled = (): boolean => deterministic;
/**
 * Whether other algorithms would only be warned about.
 * @example
 * torch.isDeterministicAlgorithmsWarnOnlyEnabled() // false
 */
export const isDeterministicAlgorithmsWarnOnlyEnabled = (): boolean => warnOnly;
const MODES: readonly string[] = ['default', 'warn', 'error'];
/**
 * As {@link useDeterministicAlgorithms}: `default` or 0, `warn` or 1, `error` or 2. Throws RangeError for others.
 * @example
 * torch.setDeterministicDebugMode('warn')
 * const mode = torch.getDeterministicDebugMode()
 * torch.setDeterministicDebugMode('default')
 * mode // 1
 */
export function setDeterministicDebugMode(debugMode: 'default' | 'warn' | 'error' | 0 | 1 | 2): void {
  const mode = typeof debugMode === 'number' ? debugMode : MODES.indexOf(debugMode);
  if (mode !== 0 && mode !== 1 && mode !== 2) {
    throw new RangeError(
      `setDeterministicDebugMode: invalid value of debug_mode, expected one of \`default\`, \`warn\`, \`error\`, but got ${describe(debugMode)}`,
    );
  }
  deterministic = mode > 0;
  warnOnly = mode === 1;
}
/**
 * What {@link setDeterministicDebugMode} was last told, as a number.
 * @example
 * torch.getDeterministicDebugMode() // 0
 */
export const getDeterministicDebugMode = (): number => (deterministic ? (warnOnly ? 1 : 2) : 0);
/**
 * Says how precise products of float32 must be: `highest`, `high` or `medium`. They always are to the highest; the word is
 * remembered. Throws RangeError for others.
 * @example
 * torch.setFloat32MatmulPrecision('high')
 * const precision = torch.getFloat32MatmulPrecision()
 * torch.setFloat32MatmulPrecision('highest')
 * precision // high
 */
export function setFloat32MatmulPrecision(value: 'highest' | 'high' | 'medium'): void {
  if (value !== 'highest' && value !== 'high' && value !== 'medium') {
    throw new RangeError(`setFloat32MatmulPrecision: ${describe(value)} is not one of 'highest', 'high', or 'medium'`);
  }
  precision = value;
}
/**
 * What {@link setFloat32MatmulPrecision} was last told.
 * @example
 * torch.getFloat32MatmulPrecision() // highest
 */
export const getFloat32MatmulPrecision = (): string => precision;
