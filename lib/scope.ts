// What stands for PyTorch's `with` blocks: noGrad, autocast, cuda.device, forkRng and their kin call it.

/** Runs `f`, which may be async, and gives back what it gives back; `leave` is called at its end, also if it throws. */
export function leaving<R>(f: () => R, leave: () => void): R {
  let result: R;
  try {
    result = f();
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) return result.finally(leave) as R;
  leave();
  return result;
}
