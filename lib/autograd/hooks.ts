// Hooks on tensors: called with a gradient on its way, they may put another in its place.
import { AutogradError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** Sees a gradient; a tensor that it returns takes the gradient's place. */
export type Hook = (grad: Tensor) => Tensor | null | undefined | void;

/** What registering gives back. */
export interface HookHandle {
  /** Takes the hook away; doing so twice is harmless. */
  remove(): void;
}

let counter = 0;
/** Adds `hook` to a map, behind the others or before them. */
export function register<F>(hooks: Map<number, F>, hook: F, prepend = false): HookHandle {
  if (typeof hook !== 'function') throw new TypeError('registerHook: expected a function');
  const id = ++counter;
  const others = prepend ? [...hooks] : [];
  if (prepend) hooks.clear();
  hooks.set(id, hook);
  for (const [other, f] of others) hooks.set(other, f);
  return { remove: () => void hooks.delete(id) };
}

/** Passes `grad` through the hooks. */
export function applyHooks(hooks: Map<number, Hook>, grad: Tensor): Tensor {
  let g = grad;
  for (const hook of hooks.values()) {
    // the hook may keep what it sees: the engine must not free it
    g.storage.maker = 0;
    const next = hook(g);
    if (next === undefined || next === null) continue;
    if (next.sizes.length !== g.sizes.length || next.sizes.some((n, d) => n !== g.sizes[d]) || next.dt !== g.dt) {
      throw new AutogradError(
        `hook: returned ${next.dt.name} [${next.sizes}] for a gradient of ${g.dt.name} [${g.sizes}]`,
      );
    }
    g = next;
    g.storage.maker = 0;
  }
  return g;
}
