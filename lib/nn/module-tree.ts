// What a module is made of: its parameters, buffers and children, found among its own fields, and the registering of more.
// The base class of Module.
import { type Call, readArguments } from '../arguments.ts';
import { describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import type { AnyModule } from './module.ts';
import { Buffer, Parameter } from './parameter.ts';
import { checkName, hold, type Kind, registered } from './registered.ts';

/** An array or a plain object: its tensors and modules belong to the module that has it as a field. */
export const isContainer = (x: object): x is Record<string, unknown> => {
  if (Array.isArray(x)) return x.length > 0 && (x[0] === null || typeof x[0] === 'object');
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

interface RecurseOptions {
  recurse?: boolean | undefined;
}
type RecurseArguments = Call<[recurse?: boolean], RecurseOptions>;
interface NamedOptions extends RecurseOptions {
  prefix?: string | undefined;
  removeDuplicate?: boolean | undefined;
}
type NamedArguments = Call<[prefix?: string, recurse?: boolean, removeDuplicate?: boolean], NamedOptions>;

/** What a module has of its own, by name. Fields of arrays and plain objects have names such as `layers.0`. */
interface Own {
  readonly parameters: [string, Parameter][];
  /** With whether it is saved. */
  readonly buffers: [string, Tensor, boolean][];
  readonly children: [string, AnyModule][];
}

let membersOf: (tree: ModuleTree) => Own;
let copyNotes: (from: ModuleTree, to: ModuleTree) => void;
/** What a module has of its own. */
export const ownOf = (tree: ModuleTree): Own => membersOf(tree);
/** Makes a copy save the buffers that the original saves. */
export const copyPersistence = (from: ModuleTree, to: ModuleTree): void => copyNotes(from, to);

const isModule = (x: unknown): boolean => x instanceof ModuleTree;
const kindOf = (x: unknown): Kind | null =>
  x instanceof Parameter ? 'parameter' : x instanceof Tensor ? 'buffer' : isModule(x) ? 'module' : null;
/** Gives a copy of a module a field; one that was registered is so in the copy, too. */
export function copyField(from: ModuleTree, to: ModuleTree, field: string, value: unknown): void {
  const before = registered(from, field);
  if (before === null) Reflect.set(to, field, value);
  else hold(to, field, before.kind, value, isModule);
}

/** See above. */
export abstract class ModuleTree {
  /** Whether buffers are saved, by what was said when they were registered. */
  #persistence: Map<string, boolean> | null = null;
  static {
    membersOf = (tree) => tree.#own();
    copyNotes = (from, to) => {
      if (from.#persistence !== null) to.#persistence = new Map(from.#persistence);
    };
  }

  // ---- what it is made of -------------------------------------------------------------------------------------------

  /** The fields, by name. Containers, which keep their members elsewhere, override it. */
  protected fields(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }
  /** PyTorch's name of a field in state dicts, where it is not the field's own. */
  protected keyOf(field: string): string {
    return field;
  }
  /** Whether a state dict may lack this field. */
  protected optional(_field: string): boolean {
    return false;
  }
  #own(): Own {
    const own: Own = { parameters: [], buffers: [], children: [] };
    const nested: [string, Record<string, unknown>, boolean][] = [];
    const seen = new Set<object>();
    const take = (name: string, value: unknown, saved: boolean): void => {
      if (typeof value !== 'object' || value === null) return;
      if (value instanceof Parameter) own.parameters.push([name, value]);
      else if (value instanceof Buffer) own.buffers.push([name, value, value.persistent]);
      else if (value instanceof Tensor) own.buffers.push([name, value, saved]);
      else if (value instanceof ModuleTree) own.children.push([name, value as AnyModule]);
      else if (isContainer(value) && !seen.has(value)) {
        seen.add(value);
        nested.push([name, value, saved]);
        for (const [key, member] of Object.entries(value)) {
          if (member instanceof ModuleTree) own.children.push([`${name}.${key}`, member as AnyModule]);
        }
      }
    };
    for (const [field, value] of this.fields()) {
      take(this.keyOf(field), value, this.#persistence?.get(field) ?? !field.startsWith('_'));
    }
    // tensors of containers come after the module's own, as those of a ParameterList do
    for (let i = 0; i < nested.length; i++) {
      const [name, container, saved] = nested[i]!;
      for (const [key, member] of Object.entries(container)) {
        if (!(member instanceof ModuleTree)) take(`${name}.${key}`, member, saved);
      }
    }
    return own;
  }

  /** The parameters, each once; of this module alone with `recurse` false. */
  parameters(...args: RecurseArguments): Parameter[] {
    const { recurse = true } = readArguments<RecurseOptions>('parameters', args, ['recurse']);
    const found = new Set<Parameter>();
    this.#collect(found, new Set(), recurse);
    return [...found];
  }
  /** The way to the parameters that is short enough to go at every step. */
  #collect(found: Set<Parameter>, seen: Set<AnyModule>, recurse: boolean): void {
    const module = this.#any();
    if (seen.has(module)) return;
    seen.add(module);
    let children: AnyModule[] | null = null;
    for (const [, value] of this.fields()) {
      if (typeof value !== 'object' || value === null) continue;
      if (value instanceof Parameter) found.add(value);
      else if (value instanceof ModuleTree) (children ??= []).push(value as AnyModule);
      else if (!(value instanceof Tensor) && isContainer(value)) {
        // members of arrays and objects: no short way
        const own = this.#own();
        for (const [, p] of own.parameters) found.add(p);
        children = own.children.map(([, child]) => child);
        break;
      }
    }
    if (recurse && children !== null) for (const child of children) child.#collect(found, seen, true);
  }
  /** As {@link parameters}, with names such as `layers.0.weight`. */
  namedParameters(...args: NamedArguments): [string, Parameter][] {
    return this.#named('namedParameters', args, (own) => own.parameters);
  }
  /** The buffers, each once. */
  buffers(...args: RecurseArguments): Tensor[] {
    const { recurse } = readArguments<RecurseOptions>('buffers', args, ['recurse']);
    return this.namedBuffers({ recurse }).map(([, b]) => b);
  }
  /** As {@link buffers}, with names. */
  namedBuffers(...args: NamedArguments): [string, Tensor][] {
    return this.#named('namedBuffers', args, (own) => own.buffers.map(([name, b]): [string, Tensor] => [name, b]));
  }
  #named<T>(where: string, args: readonly unknown[], members: (own: Own) => readonly [string, T][]): [string, T][] {
    const names = ['prefix', 'recurse', 'removeDuplicate'];
    const { prefix = '', recurse = true, removeDuplicate = true } = readArguments<NamedOptions>(where, args, names);
    const out: [string, T][] = [];
    const seen = new Set<T>();
    const modules = recurse
      ? this.namedModules(prefix, removeDuplicate)
      : [[prefix, this.#any()] as [string, AnyModule]];
    for (const [path, module] of modules) {
      for (const [name, value] of members(module.#own())) {
        if (removeDuplicate && seen.has(value)) continue;
        seen.add(value);
        out.push([path === '' ? name : `${path}.${name}`, value]);
      }
    }
    return out;
  }
  #any(): AnyModule {
    return this as ModuleTree as AnyModule;
  }
  /** The modules directly in this one, each once. */
  children(): AnyModule[] {
    return this.namedChildren().map(([, child]) => child);
  }
  /** As {@link children}, with names. */
  namedChildren(): [string, AnyModule][] {
    const seen = new Set<AnyModule>();
    return this.#own().children.filter(([, child]) => !seen.has(child) && seen.add(child));
  }
  /** This module and all below it, each once. */
  modules(): AnyModule[] {
    return this.namedModules().map(([, m]) => m);
  }
  /** As {@link modules}, with names; this module's is empty. */
  namedModules(
    ...args: Call<[prefix?: string, removeDuplicate?: boolean], Omit<NamedOptions, 'recurse'>>
  ): [string, AnyModule][] {
    const names = ['prefix', 'removeDuplicate'];
    const { prefix = '', removeDuplicate = true } = readArguments<NamedOptions>('namedModules', args, names);
    const out: [string, AnyModule][] = [];
    const seen = new Set<AnyModule>();
    const walk = (path: string, module: AnyModule): void => {
      if (removeDuplicate && seen.has(module)) return;
      seen.add(module);
      out.push([path, module]);
      for (const [name, child] of module.#own().children) walk(path === '' ? name : `${path}.${name}`, child);
    };
    walk(prefix, this.#any());
    return out;
  }
  /** The module at a path such as `layers.0`. Throws TypeError if there is none. */
  getSubmodule(target: string): AnyModule {
    let at = this.#any();
    let rest = target;
    while (rest !== '') {
      // names may contain dots themselves: those of modules in arrays do
      const found = at.#own().children.find(([name]) => rest === name || rest.startsWith(`${name}.`));
      if (!found)
        throw new TypeError(`getSubmodule: ${at.constructor.name} has no attribute \`${rest.split('.')[0]}\``);
      at = found[1];
      rest = rest.slice(found[0].length + 1);
    }
    return at;
  }
  /**
   * Puts a module at a path such as `layers.0`, whose parent must be there; with `strict` there must be one already.
   * Throws TypeError otherwise.
   */
  setSubmodule(
    target: string,
    module: AnyModule,
    ...args: Call<[strict?: boolean], { strict?: boolean | undefined }>
  ): void {
    const { strict = false } = readArguments<{ strict: boolean }>('setSubmodule', args, ['strict']);
    if (typeof target !== 'string' || target === '')
      throw new TypeError('setSubmodule: cannot set the submodule without a target name');
    if (!(module instanceof ModuleTree))
      throw new TypeError(`setSubmodule: expected a Module but received ${describe(module)}`);
    const found = this.namedModules('', false).find(([name]) => name === target);
    if (!found && strict) throw new TypeError(`setSubmodule: ${this.constructor.name} has no attribute \`${target}\``);
    const at = target.lastIndexOf('.');
    let parent: unknown = this.#any();
    for (const part of at < 0 ? [] : target.slice(0, at).split('.')) {
      const next: unknown = parent instanceof ModuleTree ? parent.#child(part) : Reflect.get(parent as object, part);
      if (typeof next !== 'object' || next === null)
        throw new TypeError(`setSubmodule: ${this.constructor.name} has no attribute \`${part}\``);
      parent = next;
    }
    const name = target.slice(at + 1);
    if (parent instanceof ModuleTree) parent.place(name, module);
    else Reflect.set(parent as object, name, module);
  }
  /** The field of this name, or what a container holds under it. */
  #child(name: string): unknown {
    for (const [field, value] of this.fields()) if (field === name) return value;
    return undefined;
  }
  /** Puts a module in the place of a field. Containers override it. */
  protected place(name: string, module: AnyModule): void {
    Reflect.set(this, name, module);
  }
  /** The parameter at a path such as `layers.0.weight`. Throws TypeError if there is none. */
  getParameter(target: string): Parameter {
    return this.#find('getParameter', target, this.namedParameters('', true, false));
  }
  /** The buffer at a path. Throws TypeError if there is none. */
  getBuffer(target: string): Tensor {
    return this.#find('getBuffer', target, this.namedBuffers('', true, false));
  }
  #find<T>(where: string, target: string, all: readonly [string, T][]): T {
    const found = all.find(([name]) => name === target);
    if (!found) throw new TypeError(`${where}: ${this.constructor.name} has no attribute \`${target}\``);
    return found[1];
  }

  // ---- registering, for names that are not known when the class is written ------------------------------------------

  #register(where: string, kind: Kind, name: string, value: unknown): void {
    checkName(where, name);
    const current: unknown = name in this ? Reflect.get(this, name) : undefined;
    const before = registered(this, name);
    // a field that is declared, but has no value yet, is free
    const free = before === null ? (current ?? null) === null : before.kind === kind;
    if (!free && !(kindOf(current) === kind && Object.prototype.propertyIsEnumerable.call(this, name)))
      throw new TypeError(`${where}: attribute '${name}' already exists`);
    hold(this, name, kind, value, isModule);
  }
  /**
   * Sets a field to a buffer; it is not saved if `persistent` is false. From then on the field takes tensors and null only.
   * Throws TypeError for names that have a dot or are taken by something else.
   */
  registerBuffer(
    name: string,
    tensor: Tensor | null,
    ...args: Call<[persistent?: boolean], { persistent?: boolean | undefined }>
  ): void {
    const { persistent = true } = readArguments<{ persistent: boolean }>('registerBuffer', args, ['persistent']);
    if (tensor !== null && !(tensor instanceof Tensor))
      throw new TypeError(`registerBuffer: expected a Tensor or null but received ${describe(tensor)}`);
    this.#register('registerBuffer', 'buffer', name, tensor);
    (this.#persistence ??= new Map()).set(name, persistent);
  }
  /** As {@link registerBuffer}, of a parameter. */
  registerParameter(name: string, parameter: Parameter | null): void {
    if (parameter !== null && !(parameter instanceof Parameter)) {
      throw new TypeError(`registerParameter: expected a Parameter or null but received ${describe(parameter)}`);
    }
    this.#register('registerParameter', 'parameter', name, parameter);
  }
  /** As {@link registerBuffer}, of a module. */
  registerModule(name: string, module: AnyModule | null): void {
    if (module !== null && !(module instanceof ModuleTree))
      throw new TypeError(`registerModule: expected a Module or null but received ${describe(module)}`);
    this.#register('registerModule', 'module', name, module);
  }
  /** As {@link registerModule}. */
  addModule(name: string, module: AnyModule | null): void {
    this.registerModule(name, module);
  }
}
