// runAsync: computing without blocking the event loop. TypeScript knows shapes, strides and dtypes, so a function of tensors
// can run while its kernels are only recorded (native/queue.h), and these run on another thread afterwards.
import { enter, mode } from './autograd/mode.ts';
import { translate } from './dispatch.ts';
import { checkFunction, OutOfMemoryError, renamed } from './errors.ts';
import { collectYoung, shareSlabs } from './memory.ts';
import { figures, LIVE_BYTES, native } from './native.ts';
import { beginSpans, endSpans, recording } from './recording.ts';

/** Calls `f` while kernels are recorded. */
function recorded<R>(f: () => R): R {
  if (recording.on) throw new Error('runAsync: called inside runAsync; one call computes it all');
  native.record();
  beginSpans(native.recorded);
  recording.on = true;
  shareSlabs(false);
  const leave = enter(false, mode.inference);
  const before = figures[LIVE_BYTES]!;
  try {
    const result = f();
    if (result instanceof Promise) {
      result.catch(() => undefined); // what is thrown below is the reason
      throw new TypeError('runAsync: expected a function that is not async');
    }
    // temporaries that are found dead now need memory only while they are computed with
    collectYoung(figures[LIVE_BYTES]! - before);
    return result;
  } catch (error) {
    native.discard();
    throw error;
  } finally {
    leave();
    recording.on = false;
    shareSlabs(true);
  }
}

/**
 * Computes `f` without gradients, on the CPU's cores but not on this thread: the event loop is free meanwhile. `f` itself
 * runs at once, but its operators only note what is to be computed, so it may ask for shapes, not for values: `item()`,
 * `nonzero()` and the like throw, as do random numbers. Its parameters must not be changed in place before the promise is
 * settled; disposing of them is fine. Several at once are computed one after the other. Rejects with what `f` or a kernel
 * throws, and with a TypeError if `f` is async.
 * @example
 * const x = torch.ones(2, 3)
 * const [sum, most] = await torch.runAsync(() => [x.sum(), x.amax()])
 * sum.add(most) // tensor(7.)
 */
export async function runAsync<R>(f: () => R): Promise<R> {
  checkFunction('runAsync', f);
  const result = recorded(f);
  const caller = endSpans();
  await new Promise<void>((resolve, reject) => {
    native.start((code, message, kernel, call) => {
      if (code === null) resolve();
      else if (kernel < 0) reject(new OutOfMemoryError(`runAsync: ${message}`));
      else reject(renamed(caller(call), translate(Object.assign(new Error(message ?? code), { code }), kernel)));
    });
  });
  return result;
}
