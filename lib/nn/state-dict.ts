// State dicts of modules: their type, and the taking over of one. Called by Module.
import { noGrad } from '../autograd/mode.ts';
import { describe, inNameOf } from '../errors.ts';
import { sameShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { isLazy } from './parameter.ts';

/** Tensors by PyTorch's names, in its order. */
export type StateDict = Record<string, Tensor>;
/** One entry of a module's state dict: a tensor, or what the module itself saves or loads. */
export type Saved = SavedTensor | SavedExtra;
interface SavedTensor {
  readonly key: string;
  readonly tensor: Tensor;
  /** Whether a state dict may lack it. */
  readonly optional: boolean;
}
interface SavedExtra {
  readonly key: string;
  readonly get: (() => unknown) | null;
  readonly set: ((state: unknown) => void) | null;
}

/**
 * What `loadStateDict` did not find, and what it had no place for.
 * @example
 * new torch.nn.Linear(2, 1).loadStateDict({ bias: torch.zeros(1) }, { strict: false }).missingKeys // [ 'weight' ]
 */
export class IncompatibleKeys {
  readonly missingKeys: string[];
  readonly unexpectedKeys: string[];
  constructor(missingKeys: string[], unexpectedKeys: string[]) {
    this.missingKeys = missingKeys;
    this.unexpectedKeys = unexpectedKeys;
  }
  /** PyTorch's text. */
  toString(): string {
    if (this.missingKeys.length + this.unexpectedKeys.length === 0) return '<All keys matched successfully>';
    const list = (keys: string[]): string => `[${keys.map((k) => `'${k}'`).join(', ')}]`;
    return `_IncompatibleKeys(missing_keys=${list(this.missingKeys)}, unexpected_keys=${list(this.unexpectedKeys)})`;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Stores the values of a state dict in the tensors of the module `name`: see Module.loadStateDict. */
export function load(
  name: string,
  saved: readonly Saved[],
  stateDict: StateDict | ReadonlyMap<string, Tensor>,
  strict: boolean,
  assign: boolean,
  after: (keys: IncompatibleKeys) => void = () => {},
  reported: { missing: string[]; unexpected: string[]; problems: string[] } = {
    missing: [],
    unexpected: [],
    problems: [],
  },
): IncompatibleKeys {
  return inNameOf('loadStateDict', () => {
    if (typeof stateDict !== 'object' || stateDict === null || stateDict instanceof Tensor) {
      throw new TypeError(`loadStateDict: expected state_dict to be dict-like, got ${describe(stateDict)}`);
    }
    const given = new Map<string, unknown>(stateDict instanceof Map ? stateDict : Object.entries(stateDict));
    const { missing, problems } = reported;
    const known = new Set<string>();
    for (const entry of saved) {
      const { key } = entry;
      const value = given.get(key);
      if ('set' in entry) {
        if (entry.set === null) continue;
        known.add(key);
        if (given.has(key)) entry.set(value);
        else missing.push(key);
        continue;
      }
      const { tensor, optional } = entry;
      known.add(key);
      if (value === undefined) {
        if (!optional) missing.push(key);
      } else if (!(value instanceof Tensor)) {
        problems.push(
          `While copying the parameter named "${key}", expected torch.Tensor or Tensor-like object from checkpoint but received ${describe(value)}`,
        );
      } else if (isLazy(value)) {
        if (!isLazy(tensor))
          problems.push(`"${key}" is uninitialized in the checkpoint, but not in the current model.`);
      } else if (isLazy(tensor)) {
        tensor.materialize(value.sizes);
        noGrad(() => (tensor as Tensor).copy_(value));
      } else if (!sameShape(value.sizes, tensor.sizes)) {
        problems.push(
          `size mismatch for ${key}: copying a param with shape ${value.shape} from checkpoint, the shape in current model is ${tensor.shape}.`,
        );
      } else if (assign) {
        tensor.data = value;
      } else {
        noGrad(() => tensor.copy_(value));
      }
    }
    const unexpected = [...new Set([...reported.unexpected, ...[...given.keys()].filter((key) => !known.has(key))])];
    const keys = new IncompatibleKeys(missing, unexpected);
    after(keys);
    if (strict) {
      const list = (keys: readonly string[]): string => keys.map((k) => `"${k}"`).join(', ');
      if (missing.length > 0) problems.unshift(`Missing key(s) in state_dict: ${list(missing)}. `);
      if (unexpected.length > 0)
        problems.splice(missing.length > 0 ? 1 : 0, 0, `Unexpected key(s) in state_dict: ${list(unexpected)}. `);
    }
    if (problems.length > 0) {
      throw new Error(`loadStateDict: Error(s) in loading state_dict for ${name}:\n\t${problems.join('\n\t')}`);
    }
    return keys;
  });
}
