// The error classes of the public API. Messages read `function: what is wrong`, with the shapes, dtypes or values seen.

/** Shapes that do not fit an operation. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** A dtype that an operation does not take. */
export class DtypeError extends Error {
  override name = 'DtypeError';
}

/** A device that is not there, or operands on different ones. */
export class DeviceError extends Error {
  override name = 'DeviceError';
}

/** A rule of automatic differentiation that was broken. */
export class AutogradError extends Error {
  override name = 'AutogradError';
}

/** Memory that could not be had, after everything unused was given back. The script can go on. */
export class OutOfMemoryError extends Error {
  override name = 'OutOfMemoryError';
}

/** How a value of unknown kind reads in a message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (typeof value === 'object') {
    const name = (value.constructor as { name?: string } | undefined)?.name;
    return name && name !== 'Object' ? `a ${name}` : 'an object';
  }
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  return String(value);
}
