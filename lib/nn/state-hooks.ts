// Hooks around the saving and loading of state dicts. Called by Module.
import { type HookHandle, register } from '../autograd/hooks.ts';
import type { AnyModule } from './module.ts';
import type { IncompatibleKeys, StateDict } from './state-dict.ts';

/** Sees a state dict before one of its modules is loaded, and may change it; `prefix` is the module's own part. */
export type LoadStateDictPreHook = (
  module: AnyModule,
  stateDict: StateDict,
  prefix: string,
  localMetadata: Record<string, unknown>,
  strict: boolean,
  missingKeys: string[],
  unexpectedKeys: string[],
  errorMsgs: string[],
) => void;
/** Sees what a loaded module lacked, and may change the lists. */
export type LoadStateDictPostHook = (module: AnyModule, incompatibleKeys: IncompatibleKeys) => void;
/** Runs before a module's state dict is made. */
export type StateDictPreHook = (module: AnyModule, prefix: string, keepVars: boolean) => void;
/** Sees a state dict after a module's part was written, and may change it. */
export type StateDictPostHook = (
  module: AnyModule,
  stateDict: StateDict,
  prefix: string,
  localMetadata: Record<string, unknown>,
) => void;

/** The hooks of one module. */
export class StateHooks {
  readonly beforeLoad = new Map<number, LoadStateDictPreHook>();
  readonly afterLoad = new Map<number, LoadStateDictPostHook>();
  readonly beforeSave = new Map<number, StateDictPreHook>();
  readonly afterSave = new Map<number, StateDictPostHook>();
  /** Takes over another module's, for a copy of it. */
  takeFrom(other: StateHooks): void {
    for (const hook of other.beforeLoad.values()) this.add(this.beforeLoad, hook);
    for (const hook of other.afterLoad.values()) this.add(this.afterLoad, hook);
    for (const hook of other.beforeSave.values()) this.add(this.beforeSave, hook);
    for (const hook of other.afterSave.values()) this.add(this.afterSave, hook);
  }
  add<H>(to: Map<number, H>, hook: H): HookHandle {
    return register(to, hook);
  }
}
