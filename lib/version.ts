// The version, of which package.json has the other copy (test/smoke.test.ts compares them).

/**
 * The version of this library: `torch.__version__`.
 * @example
 * torch.__version__ // 0.1.0
 */
export const __version__ = '0.1.0';
