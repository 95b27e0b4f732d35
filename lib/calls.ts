// Calls of public functions that say more than their plain arguments do: required arguments by name
// (`torch.quantile(x, { q: 0.5 })`) and the tensor to write to (`torch.add(a, b, { out })`). One mechanism for all of them:
// lib/public/ makes each function known here with PyTorch's names of its parameters; the families of define.ts, the
// methods (methods.ts) and `publish` ask `special` as soon as a plain object comes where there is none in a plain call.
import { renamed } from './errors.ts';
import { enterSpan, leaveSpan, recording } from './recording.ts';
import { type OutRule, writeTo } from './out.ts';
import { Tensor } from './tensor.ts';

export type AnyFunction = (...args: never[]) => unknown;
type Fn = (...args: readonly unknown[]) => unknown;

/** One way to call a function: what may come by position, in PyTorch's order. */
interface Overload {
  readonly names: readonly string[];
  /** Which of them must be there. */
  readonly required: readonly boolean[];
  /** Which of them the function does not find in its options itself. */
  readonly moved: readonly boolean[];
}
/** A public function. */
interface Entry {
  readonly name: string;
  readonly key: string;
  readonly f: Fn;
  readonly signature: string;
  overloads: readonly Overload[] | null;
  /** The names that need putting in their place, also NumPy's; made at the first call by name. */
  words: ReadonlySet<string> | null;
  /** By the number of arguments and the names given. */
  plans: Map<string, Plan | null> | null;
  readonly out: OutRule | null;
  /** How many arguments it looks at; Infinity where that is not fixed. */
  readonly most: number;
}
const entries = new Map<string, Entry>();

/** What `special` gives where there is nothing special about a call. */
export const PLAIN: unique symbol = Symbol('plain');

/** Whether a value is an object of options. */
export function isPlain(x: unknown): x is Record<string, unknown> {
  if (typeof x !== 'object' || x === null || x instanceof Tensor) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
}

/** NumPy's names, which PyTorch takes too. */
const ALIASES: Readonly<Record<string, string>> = {
  axis: 'dim',
  keepdims: 'keepdim',
  x: 'input',
  a: 'input',
  x1: 'input',
  x2: 'other',
};

/** Functions that do not look for the required names of PyTorch behind their fixed parameters. */
const SPREAD: ReadonlySet<string> = new Set(
  'alphaDropout dropout expand featureAlphaDropout featureDropout flip newEmpty newOnes newZeros normal permute randintLike repeat reshape sumToSize tile to view'.split(
    ' ',
  ),
);

/** Reads `input dim keepdim?|input other`. A `~` marks what has a default, and is found by its place only. */
function overloadsOf(entry: Entry): readonly Overload[] {
  return (entry.overloads ??= entry.signature.split('|').map((way) => {
    const words = way.split(' ');
    return {
      names: words.map((w) => w.replace(/[?~]$/, '')),
      required: words.map((w) => !/[?~]$/.test(w)),
      // what comes behind a function's fixed parameters, it finds by itself
      moved: words.map(
        (w, i) => w.endsWith('~') || (!w.endsWith('?') && (i < entry.f.length || SPREAD.has(entry.name))),
      ),
    };
  }));
}

function wordsOf(entry: Entry): ReadonlySet<string> {
  if (entry.words === null) {
    const words = new Set(overloadsOf(entry).flatMap((way) => way.names.filter((_, i) => way.moved[i])));
    for (const [other, name] of Object.entries(ALIASES)) if (words.has(name)) words.add(other);
    entry.words = words;
  }
  return entry.words;
}

/** Where an overload finds each name given: its place, or -1. */
const placeOf = (way: Overload, given: string): number => {
  const at = way.names.indexOf(given);
  return at >= 0 ? at : way.names.indexOf(ALIASES[given] ?? '');
};

/** Where the arguments by name of one kind of call go: for each place from the first free one on, its name; the rest. */
interface Plan {
  readonly places: readonly (string | null)[];
  readonly rest: readonly string[];
}

/**
 * Finds the places of what is given by name; null where all is in place. Of several ways to call the function, that one
 * is meant which has everything it needs and uses most of what is given.
 */
function planOf(entry: Entry, count: number, taken: readonly boolean[], given: readonly string[]): Plan | null {
  let best: Overload | null = null;
  let used = 0;
  let twice: string | null = null;
  for (const way of overloadsOf(entry)) {
    const places = given.map((name) => placeOf(way, name));
    const collides = given.find((_, i) => taken[places[i]!] === true);
    if (collides !== undefined) {
      twice ??= collides;
      continue;
    }
    if (count > way.names.length) continue;
    if (!way.required.every((needed, i) => !needed || i < count || places.includes(i))) continue;
    const uses = places.filter((p) => p >= 0).length;
    if (uses > used) [best, used] = [way, uses];
  }
  if (best === null) {
    if (twice !== null) throw new TypeError(`${entry.name}: '${twice}' was given by position and by name`);
    return null;
  }
  const sources = new Map<number, string>();
  const rest: string[] = [];
  let end = 0;
  for (const name of given) {
    const at = placeOf(best, name);
    if (at < 0 || !best.moved[at]) {
      rest.push(name);
      continue;
    }
    const other = sources.get(at);
    if (other !== undefined) throw new TypeError(`${entry.name}: '${other}' and '${name}' are the same option`);
    sources.set(at, name);
    end = Math.max(end, at + 1);
  }
  if (sources.size === 0) return null;
  const places: (string | null)[] = [];
  for (let i = count; i < end; i++) {
    // what has a default and lies between: by its place too, if it is given
    const name = sources.get(i) ?? rest.find((other) => placeOf(best, other) === i) ?? null;
    places.push(name);
  }
  return { places, rest: rest.filter((name) => !places.includes(name)) };
}

/** Puts what is given by name in its place; null where all is in place. */
function arranged(
  entry: Entry,
  positions: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): unknown[] | null {
  const given = Object.keys(options).filter((name) => options[name] !== undefined);
  const count = positions.length;
  // calls of one kind have one plan
  const whole = !positions.includes(undefined);
  const kind = `${count} ${given.join()}`;
  let plan = whole ? entry.plans?.get(kind) : undefined;
  if (plan === undefined) {
    plan = planOf(
      entry,
      count,
      positions.map((x) => x !== undefined),
      given,
    );
    entry.plans ??= new Map();
    if (whole && entry.plans.size < 64) entry.plans.set(kind, plan);
  }
  if (plan === null) return null;
  const args = [...positions];
  for (const name of plan.places) args.push(name === null ? undefined : options[name]);
  if (plan.rest.length > 0) args.push(Object.fromEntries(plan.rest.map((name) => [name, options[name]])));
  return args;
}

/** How many arguments there are: absent ones at the end do not count. */
function lengthOf(args: readonly unknown[]): number {
  let n = args.length;
  while (n > 0 && args[n - 1] === undefined) n--;
  return n;
}

/** Whether any option is `out`, or has a place among the arguments. */
function concerns(entry: Entry, options: Readonly<Record<string, unknown>>): boolean {
  const words = wordsOf(entry);
  for (const name in options) if (name === 'out' || words.has(name)) return true;
  return false;
}

/** Options that nothing would look at are refused. */
function refuseExtra(entry: Entry, count: number, options: Readonly<Record<string, unknown>>): void {
  if (count <= entry.most) return;
  const [first] = Object.keys(options).filter((name) => options[name] !== undefined);
  if (first !== undefined) throw new TypeError(`${entry.name}: unknown option '${first}'`);
}

/** The arguments of a method with those by name in their places, the tensor itself first. A method takes no `out`. */
export function placed(key: string, args: readonly unknown[]): readonly unknown[] {
  const count = lengthOf(args);
  const last = args[count - 1];
  const entry = entries.get(key);
  if (count < 2 || !isPlain(last) || entry === undefined) return args;
  if (!concerns(entry, last)) {
    refuseExtra(entry, count, last);
    return args;
  }
  if ('out' in last) throw new TypeError(`${entry.name}: unknown option 'out': methods have none, only functions do`);
  return arranged(entry, args.slice(0, count - 1), last) ?? args;
}

/** Makes the call if its last argument is an object that names required arguments or `out`; else gives PLAIN. */
export function special(key: string, args: readonly unknown[]): unknown {
  const count = lengthOf(args);
  const last = args[count - 1];
  if (count === 0 || !isPlain(last)) return PLAIN;
  const entry = entries.get(key);
  if (entry === undefined) return PLAIN;
  if (!concerns(entry, last)) {
    refuseExtra(entry, count, last);
    return PLAIN;
  }
  const positions = args.slice(0, count - 1);
  if (!('out' in last)) {
    const arguments_ = arranged(entry, positions, last);
    return arguments_ === null ? PLAIN : entry.f(...arguments_);
  }
  const { out, ...options } = last;
  if (entry.out === null) throw new TypeError(`${entry.name}: unknown option 'out'`);
  const bare = Object.keys(options).length === 0 ? positions : [...positions, options];
  const arguments_ = arranged(entry, positions, options) ?? bare;
  if (out === null || out === undefined) return entry.f(...arguments_);
  return writeTo(entry.name, entry.key, entry.out, entry.f, arguments_, out);
}

/** Functions that ask `special` by themselves: the families of define.ts, whose calls are too short for one more. */
const knowing = new WeakSet<AnyFunction>();
/** Marks such a function. */
export function asks<F extends AnyFunction>(f: F): F {
  knowing.add(f);
  return f;
}

/**
 * Makes a function known under `key`, with PyTorch's names of its parameters and the rule of its `out`, and gives what
 * users call: the same function, which asks `special` first where an object of options is given.
 */
export function publish(
  key: string,
  f: AnyFunction,
  signature: string,
  out: OutRule | null = null,
  fixed = false,
): AnyFunction {
  const name = key.slice(key.lastIndexOf('.') + 1);
  const call = f as Fn;
  if (!entries.has(key))
    entries.set(key, {
      name,
      key,
      f: call,
      signature,
      overloads: null,
      words: null,
      plans: null,
      out,
      most: fixed ? f.length : Number.POSITIVE_INFINITY,
    });
  if (knowing.has(f)) return f;
  const instead = (args: readonly unknown[]): unknown => {
    const made = special(key, args);
    return made === PLAIN ? call(...args) : made;
  };
  // the most frequent calls are told apart by two arguments
  const published = (...args: readonly unknown[]): unknown => {
    const [a, b] = args;
    const outermost = recording.on && enterSpan(name);
    try {
      if (args.length === 2 && (b instanceof Tensor || typeof b === 'number')) return call(a, b);
      if (args.length === 1 && (a instanceof Tensor || Array.isArray(a))) return call(a);
      return isPlain(args[args.length - 1]) || args[args.length - 1] === undefined ? instead(args) : call(...args);
    } catch (error) {
      // what it is made of has names of its own
      throw renamed(name, error);
    } finally {
      if (outermost) leaveSpan();
    }
  };
  return Object.defineProperty(published, 'name', { value: name });
}
