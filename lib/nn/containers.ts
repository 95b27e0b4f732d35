// Modules that hold others: Sequential, ModuleList, ModuleDict, and lists and dicts of parameters.
import { describe } from '../errors.ts';
import { type DTypeName, toDType } from '../dtype.ts';
import { show } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { blankOf, type Copy } from './copy.ts';
import { type AnyModule, Module } from './module.ts';
import { Parameter } from './parameter.ts';
import { checkName, members } from './registered.ts';

/** Members by name, from a Map, a plain object, or pairs. */
export type Named<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>> | Iterable<readonly [string, T]>;

/** What can be walked; anything else is refused. */
function iterable<T>(where: string, values: Iterable<T>): Iterable<T> {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values))
    throw new TypeError(`${where}: expected a list but received ${describe(values)}`);
  return values;
}
function entriesOf<T>(where: string, named: Named<T>): [string, T][] {
  if (typeof named !== 'object' || named === null)
    throw new TypeError(`${where}: expected members by name but received ${describe(named)}`);
  if (Symbol.iterator in named) {
    return [...(named as Iterable<readonly [string, T]>)].map((pair) => {
      if (!Array.isArray(pair))
        throw new TypeError(`${where}: expected pairs of name and member but received ${describe(pair)}`);
      return [pair[0], pair[1]];
    });
  }
  return Object.entries(named as Readonly<Record<string, T>>);
}
/** A place in a list, negative counted from the end. */
function position(where: string, index: number, length: number): number {
  if (!Number.isInteger(index))
    throw new TypeError(`${where}: expected a whole number as index but received ${describe(index)}`);
  if (index < -length || index >= length)
    throw new RangeError(`${where}: index ${index} is out of range for ${length} members`);
  return index < 0 ? index + length : index;
}
/** A place between members, or after the last one. */
function gap(where: string, index: number, length: number): number {
  return index === length ? index : position(where, index, length);
}
/** `net[0] = m` would be one more field, not the replacement that it is in Python. */
function refuseIndexed(where: string, own: readonly (readonly [string, unknown])[]): void {
  const index = own.find(([name]) => /^\d+$/.test(name))?.[0];
  if (index !== undefined) throw new TypeError(`${where}: to replace a module, write set(${index}, module)`);
}
function checkModule(where: string, m: unknown): void {
  if (!(m instanceof Module)) throw new TypeError(`${where}: ${describe(m)} is not a Module`);
}

/**
 * Modules one after the other: `new Sequential(a, b)`, or with names `new Sequential({ first: a, second: b })`. Throws
 * TypeError for what is no Module.
 * @example
 * new torch.nn.Sequential(new torch.nn.Linear(2, 8), new torch.nn.Tanh())
 * // Sequential(
 * //   (0): Linear(in_features=2, out_features=8, bias=True)
 * //   (1): Tanh()
 * // )
 */
export class Sequential extends Module {
  readonly #members = new Map<string, Module>();
  /** Which of them are fields. */
  #assigned: Set<string> | null = null;
  constructor(...modules: readonly Module[] | readonly [named: Named<Module>]) {
    super();
    const [first] = modules;
    const list =
      modules.length === 1 && first !== undefined && !(first instanceof Module)
        ? entriesOf('Sequential', first)
        : (modules as readonly Module[]).map((m, i): [string, Module] => [String(i), m]);
    for (const [name, m] of list) {
      checkName('Sequential', name);
      checkModule('Sequential', m);
      this.#members.set(name, m);
    }
  }
  override forward(x: Tensor): Tensor {
    let y = x;
    for (const m of this.#all().values()) y = m.forward(y);
    return y;
  }
  protected override bareCopy(): AnyModule {
    return blankOf(Sequential, this);
  }
  protected override fillCopy(target: AnyModule, copy: Copy): void {
    super.fillCopy(target, copy);
    const to = target as Sequential;
    for (const [name, m] of this.#all()) to.#members.set(name, copy(m));
  }
  protected override fields(): Iterable<readonly [string, unknown]> {
    const own = Object.entries(this);
    if (own.length === 1) return this.#members;
    refuseIndexed('Sequential', own);
    return [...own.filter(([, value]) => !(value instanceof Module)), ...this.#all()];
  }
  /** The members. The modules that subclasses have as fields are some, each where it was when the next one was added. */
  #all(): Map<string, Module> {
    const own = Object.entries(this);
    if (own.length === 1 && this.#assigned === null) return this.#members;
    for (const name of this.#assigned ?? [])
      if (!(Reflect.get(this, name) instanceof Module)) this.#members.delete(name);
    for (const [name, value] of own) {
      if (!(value instanceof Module)) continue;
      this.#members.set(name, value);
      (this.#assigned ??= new Set()).add(name);
    }
    return this.#members;
  }
  /** Other members, numbered from 0 as Python numbers them after a removal. */
  #renumber(members: readonly Module[]): void {
    for (const name of this.#assigned ?? []) Reflect.deleteProperty(this, name);
    this.#assigned = null;
    this.#members.clear();
    for (const [i, m] of members.entries()) this.#members.set(String(i), m);
  }
  /** How many modules there are. */
  get length(): number {
    return this.#all().size;
  }
  /** The module at an index, or of a name. Throws RangeError if there is none. */
  get(index: number | string): Module {
    const members = this.#all();
    const found =
      typeof index === 'string'
        ? members.get(index)
        : [...members.values()][position('Sequential', index, members.size)];
    if (!found) throw new RangeError(`Sequential: has no module '${index}'`);
    return found;
  }
  /** As {@link get}. */
  at(index: number): Module {
    return this.get(index);
  }
  /** The modules from one index up to another, with their names: Python's `net[start:end]`. */
  slice(start?: number, end?: number): Sequential {
    return new Sequential([...this.#all()].slice(start, end));
  }
  /** Replaces the module at an index. */
  set(index: number, module: Module): void {
    checkModule('Sequential', module);
    this.place([...this.#all().keys()][position('Sequential', index, this.length)]!, module);
  }
  /** Adds a module at the end. */
  append(module: Module): this {
    checkModule('Sequential', module);
    this.#members.set(String(this.length), module);
    return this;
  }
  /** Adds modules at the end. */
  extend(modules: Iterable<Module>): this {
    for (const m of iterable('ModuleList', modules)) this.append(m);
    return this;
  }
  /** Puts a module before the one at an index. */
  insert(index: number, module: Module): this {
    checkModule('Sequential', module);
    const members = [...this.#all().values()];
    members.splice(gap('Sequential', index, members.length), 0, module);
    this.#renumber(members);
    return this;
  }
  /** Removes the module at an index. Those that are left are numbered anew. */
  delete(index: number): void {
    this.pop(index);
  }
  /** Removes the module at an index, and gives it. Those that are left are numbered anew. */
  pop(index: number): Module {
    const members = [...this.#all().values()];
    const [removed] = members.splice(position('Sequential', index, members.length), 1);
    this.#renumber(members);
    return removed!;
  }
  protected override place(name: string, module: AnyModule): void {
    if (Object.hasOwn(this, name)) super.place(name, module);
    else this.registerModule(name, module);
  }
  override registerModule(name: string, module: AnyModule | null): void {
    checkName('registerModule', name);
    checkModule('registerModule', module);
    this.#all().set(name, module as Module);
  }
  [Symbol.iterator](): IterableIterator<Module> {
    return this.#all().values();
  }
}

function missingForward(where: string): never {
  throw new TypeError(`${where}: Module [${where}] is missing the required "forward" function`);
}

/**
 * A list of modules, for models that call them in their own way. A plain array as a field does the same. Throws
 * TypeError for what is no Module.
 * @example
 * new torch.nn.ModuleList([new torch.nn.ReLU(), new torch.nn.ReLU()])
 * // ModuleList(
 * //   (0-1): 2 x ReLU()
 * // )
 */
export class ModuleList<
  M extends AnyModule = Module,
  Args extends readonly unknown[] = never,
  Out = never,
> extends Module<Args, Out> {
  readonly #members: M[] = [];
  constructor(modules: Iterable<M> = []) {
    super();
    this.extend(modules);
  }
  override forward(..._args: Args): Out {
    return missingForward('ModuleList');
  }
  protected override bareCopy(): AnyModule {
    return blankOf(ModuleList, this);
  }
  protected override fillCopy(target: AnyModule, copy: Copy): void {
    super.fillCopy(target, copy);
    const to = target as ModuleList<M, Args, Out>;
    for (const m of this.#members) to.#members.push(copy(m));
  }
  protected override fields(): Iterable<readonly [string, unknown]> {
    const own = Object.entries(this);
    refuseIndexed('ModuleList', own);
    return [...own, ...this.#members.map((m, i): [string, M] => [String(i), m])];
  }
  protected override isList(): boolean {
    return true;
  }
  protected override place(name: string, module: AnyModule): void {
    if (/^\d+$/.test(name)) this.set(Number(name), module as M);
    else super.place(name, module);
  }
  /** How many modules there are. */
  get length(): number {
    return this.#members.length;
  }
  /** The module at an index. Throws RangeError if there is none. */
  get(index: number): M {
    return this.#members[position('ModuleList', index, this.length)]!;
  }
  /** As {@link get}. */
  at(index: number): M {
    return this.get(index);
  }
  /** Replaces the module at an index. */
  set(index: number, module: M): void {
    checkModule('ModuleList', module);
    this.#members[position('ModuleList', index, this.length)] = module;
  }
  override registerModule(name: string, module: AnyModule | null): void {
    this.set(Number(name), module as M);
  }
  /** Adds a module at the end. */
  append(module: M): this {
    checkModule('ModuleList', module);
    this.#members.push(module);
    return this;
  }
  /** Adds modules at the end. */
  extend(modules: Iterable<M>): this {
    for (const m of iterable('ModuleList', modules)) this.append(m);
    return this;
  }
  /** The modules from one index up to another: Python's `list[start:end]`. */
  slice(start?: number, end?: number): ModuleList<M> {
    return new ModuleList(this.#members.slice(start, end));
  }
  /** Removes the module at an index. */
  delete(index: number): void {
    this.pop(index);
  }
  /** Removes the module at an index, and gives it. */
  pop(index: number): M {
    return this.#members.splice(position('ModuleList', index, this.length), 1)[0]!;
  }
  /** Puts a module before the one at an index. */
  insert(index: number, module: M): void {
    checkModule('ModuleList', module);
    this.#members.splice(index, 0, module);
  }
  [Symbol.iterator](): IterableIterator<M> {
    return this.#members.values();
  }
}

/**
 * Modules by name. A plain object as a field does the same. Throws TypeError for what is no Module.
 * @example
 * new torch.nn.ModuleDict({ act: new torch.nn.ReLU() })
 * // ModuleDict(
 * //   (act): ReLU()
 * // )
 */
export class ModuleDict<
  M extends AnyModule = Module,
  Args extends readonly unknown[] = never,
  Out = never,
> extends Module<Args, Out> {
  readonly #members = new Map<string, M>();
  constructor(modules: Named<M> = {}) {
    super();
    this.update(modules);
  }
  override forward(..._args: Args): Out {
    return missingForward('ModuleDict');
  }
  protected override bareCopy(): AnyModule {
    return blankOf(ModuleDict, this);
  }
  protected override fillCopy(target: AnyModule, copy: Copy): void {
    super.fillCopy(target, copy);
    const to = target as ModuleDict<M, Args, Out>;
    for (const [name, m] of this.#members) to.#members.set(name, copy(m));
  }
  protected override fields(): Iterable<readonly [string, unknown]> {
    return [...Object.entries(this), ...this.#members];
  }
  protected override place(name: string, module: AnyModule): void {
    if (Object.hasOwn(this, name)) super.place(name, module);
    else this.#members.set(name, module as M);
  }
  /** How many modules there are. */
  get length(): number {
    return this.#members.size;
  }
  /** The module of a name. Throws RangeError if there is none. */
  get(name: string): M {
    const found = this.#members.get(name);
    if (!found) throw new RangeError(`ModuleDict: has no module '${name}'`);
    return found;
  }
  /** Whether there is a module of this name. */
  has(name: string): boolean {
    return this.#members.has(name);
  }
  /** Adds or replaces a module. */
  set(name: string, module: M): this {
    checkName('ModuleDict', name);
    checkModule('ModuleDict', module);
    this.#members.set(name, module);
    return this;
  }
  override registerModule(name: string, module: AnyModule | null): void {
    this.set(name, module as M);
  }
  /** Removes a module, and says whether it was there. */
  delete(name: string): boolean {
    return this.#members.delete(name);
  }
  /** Removes a module, and gives it. Throws RangeError if there is none. */
  pop(name: string): M {
    const found = this.get(name);
    this.#members.delete(name);
    return found;
  }
  /** Removes all modules. */
  clear(): void {
    this.#members.clear();
  }
  /** Adds or replaces modules. */
  update(modules: Named<M>): this {
    for (const [name, m] of entriesOf('ModuleDict', modules)) this.set(name, m);
    return this;
  }
  /** The names, in the order in which they were set. */
  keys(): IterableIterator<string> {
    return this.#members.keys();
  }
  /** The modules, in the same order. */
  values(): IterableIterator<M> {
    return this.#members.values();
  }
  /** Names and modules, in the same order. */
  entries(): IterableIterator<[string, M]> {
    return this.#members.entries();
  }
  [Symbol.iterator](): IterableIterator<[string, M]> {
    return this.#members.entries();
  }
}

/** Parameters as they are; other tensors become parameters. */
function asParameter(where: string, x: unknown): Parameter {
  if (x instanceof Parameter) return x;
  if (x instanceof Tensor) return new Parameter(x);
  throw new TypeError(`${where}: expected a Tensor but received ${describe(x)}`);
}
const describeParameter = (p: Parameter, type: (dtype: DTypeName) => string): string =>
  `Parameter containing: [${type(p.dtype)} of size ${p.sizes.length === 0 ? '' : show(p.sizes).slice(1, -1).replaceAll(', ', 'x')}]`;
const TYPE_NAMES: Readonly<Record<DTypeName, string>> = {
  float32: 'Float',
  float64: 'Double',
  float16: 'Half',
  bfloat16: 'BFloat16',
  int64: 'Long',
  int32: 'Int',
  int16: 'Short',
  int8: 'Char',
  uint8: 'Byte',
  bool: 'Bool',
};

/**
 * A list of parameters; tensors become parameters. Throws TypeError for what is no Tensor.
 * @example
 * new torch.nn.ParameterList([torch.ones([2])]).length // 1
 */
export class ParameterList extends Module<never, never> {
  readonly #members: Parameter[] = [];
  constructor(values: Iterable<Tensor> = []) {
    super();
    this.extend(values);
  }
  override forward(): never {
    return missingForward('ParameterList');
  }
  protected override bareCopy(): AnyModule {
    return blankOf(ParameterList, this);
  }
  protected override fillCopy(target: AnyModule, copy: Copy): void {
    super.fillCopy(target, copy);
    const to = target as ParameterList;
    for (const m of this.#members) to.#members.push(copy(m));
  }
  protected override fields(): Iterable<readonly [string, unknown]> {
    return this.#members.map((p, i): [string, Parameter] => [String(i), p]);
  }
  /** Internal: for who puts others in their place. */
  get [members](): Parameter[] {
    return this.#members;
  }
  /** How many parameters there are. */
  get length(): number {
    return this.#members.length;
  }
  /** The parameter at an index. Throws RangeError if there is none. */
  get(index: number): Parameter {
    return this.#members[position('ParameterList', index, this.length)]!;
  }
  /** As {@link get}. */
  at(index: number): Parameter {
    return this.get(index);
  }
  /** Adds a tensor, as a Parameter, at the end. */
  append(value: Tensor): this {
    this.#members.push(asParameter('ParameterList', value));
    return this;
  }
  /** Adds several tensors at the end. */
  extend(values: Iterable<Tensor>): this {
    for (const v of iterable('ParameterList', values)) this.append(v);
    return this;
  }
  override extraRepr(): string {
    return this.#members
      .map((p, i) => `  (${i}): ${describeParameter(p, (dt) => `torch.${toDType(dt, 'extraRepr').name}`)}`)
      .join('\n');
  }
  [Symbol.iterator](): IterableIterator<Parameter> {
    return this.#members.values();
  }
}

/**
 * Parameters by name; tensors become parameters. Throws TypeError for what is no Tensor.
 * @example
 * new torch.nn.ParameterDict({ scale: torch.ones([2]) }).get('scale').requiresGrad // true
 */
export class ParameterDict extends Module<never, never> {
  readonly #members = new Map<string, Parameter>();
  constructor(values: Named<Tensor> = {}) {
    super();
    this.update(values);
  }
  override forward(): never {
    return missingForward('ParameterDict');
  }
  protected override bareCopy(): AnyModule {
    return blankOf(ParameterDict, this);
  }
  protected override fillCopy(target: AnyModule, copy: Copy): void {
    super.fillCopy(target, copy);
    const to = target as ParameterDict;
    for (const [name, m] of this.#members) to.#members.set(name, copy(m));
  }
  protected override fields(): Iterable<readonly [string, unknown]> {
    return this.#members;
  }
  /** Internal: for who puts others in their place. */
  get [members](): Map<string, Parameter> {
    return this.#members;
  }
  /** How many parameters there are. */
  get length(): number {
    return this.#members.size;
  }
  /** The parameter of a name. Throws RangeError if there is none. */
  get(name: string): Parameter {
    const found = this.#members.get(name);
    if (!found) throw new RangeError(`ParameterDict: has no parameter '${name}'`);
    return found;
  }
  /** Whether there is a parameter of this name. */
  has(name: string): boolean {
    return this.#members.has(name);
  }
  /** Stores a tensor as a Parameter. */
  set(name: string, value: Tensor): this {
    checkName('ParameterDict', name);
    this.#members.set(name, asParameter('ParameterDict', value));
    return this;
  }
  /** Stores several tensors as Parameters. */
  update(values: Named<Tensor>): this {
    for (const [name, v] of entriesOf('ParameterDict', values)) this.set(name, v);
    return this;
  }
  /** The names, in the order in which they were set. */
  keys(): IterableIterator<string> {
    return this.#members.keys();
  }
  /** The parameters, in the same order. */
  values(): IterableIterator<Parameter> {
    return this.#members.values();
  }
  override extraRepr(): string {
    return [...this.#members]
      .map(([k, p]) => `  (${k}): ${describeParameter(p, (dt) => `torch.${TYPE_NAMES[dt]}Tensor`)}`)
      .join('\n');
  }
  [Symbol.iterator](): IterableIterator<[string, Parameter]> {
    return this.#members.entries();
  }
}
