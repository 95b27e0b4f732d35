// What was registered by name: names that are refused, and fields that go on refusing what is no parameter (buffer, module).
// Used by ModuleTree, the containers, and functionalCall, which puts other tensors there for a while.
import { describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { Parameter } from './parameter.ts';

/** Under which the containers of parameters, whose members are no fields, give the array or Map that these are in. */
export const members: unique symbol = Symbol('members');

/** What a field was registered as. */
export type Kind = 'parameter' | 'buffer' | 'module';
const WANTED: Readonly<Record<Kind, string>> = {
  parameter: "parameter 'NAME' (a Parameter or null expected)",
  buffer: "buffer 'NAME' (a Tensor or null expected)",
  module: "child module 'NAME' (a Module or null expected)",
};

/** Refuses names that would not be found again in a state dict. */
export function checkName(where: string, name: unknown): asserts name is string {
  if (typeof name !== 'string')
    throw new TypeError(`${where}: expected a string as name but received ${describe(name)}`);
  if (name === '') throw new TypeError(`${where}: the name can't be empty string ""`);
  if (name.includes('.')) throw new TypeError(`${where}: the name can't contain "." but is ${describe(name)}`);
}

interface Held {
  kind: Kind;
  value: unknown;
}
/** By what reads the field: it goes where the field goes, also when that is deleted. */
const held = new WeakMap<() => unknown, Held>();

/** A registered field of an object; null where there is none of this name, or it is an ordinary one. */
export function registered(target: object, name: string): Held | null {
  const read = Object.getOwnPropertyDescriptor(target, name)?.get as (() => unknown) | undefined;
  return (read && held.get(read)) ?? null;
}

/** Makes a field that takes, like PyTorch's, only what it was registered for, or a parameter or module instead. */
export function hold(
  target: object,
  name: string,
  kind: Kind,
  value: unknown,
  isModule: (x: unknown) => boolean,
): void {
  const state: Held = { kind, value };
  const get = (): unknown => state.value;
  held.set(get, state);
  const set = (x: unknown): void => {
    if (x instanceof Parameter) state.kind = 'parameter';
    else if (isModule(x)) state.kind = 'module';
    else if (x !== null && x !== undefined && !(state.kind === 'buffer' && x instanceof Tensor)) {
      const what = WANTED[state.kind].replace('NAME', name);
      throw new TypeError(`${target.constructor.name}: cannot assign ${describe(x)} as ${what}`);
    }
    state.value = x ?? null;
  };
  Object.defineProperty(target, name, { configurable: true, enumerable: true, get, set });
}

/** Sets a field whatever it was registered as. */
export function exchangeField(target: object, name: string, value: unknown): void {
  const field = registered(target, name);
  if (field === null) Reflect.set(target, name, value);
  else field.value = value;
}
