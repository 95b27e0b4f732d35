// Whether calls of kernels are recorded now, to be run on another thread. Set by async.ts, asked by what cannot be.

/** `on` inside the function of runAsync. */
export const recording = { on: false };
