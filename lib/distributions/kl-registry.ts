// The Kullback-Leibler divergence of pairs of distributions, by a registry that scripts can add to. kl.ts and kl-pairs.ts
// fill it.
import { checkFunction, describe } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { Distribution } from './distribution.ts';

/** A class of distributions. */
export interface DistributionClass<D extends Distribution = Distribution> {
  readonly prototype: D;
}
type Divergence = (p: never, q: never) => Tensor;
const registry: [DistributionClass, DistributionClass, Divergence][] = [];
/** What was found for pairs of classes, until somebody registers more. */
let found = new Map<unknown, Map<unknown, Divergence | null>>();
export const INF = Number.POSITIVE_INFINITY;

/**
 * Says how the divergence of two classes of distributions is computed; subclasses take it over, and a later entry wins over
 * an earlier one of the same classes. Throws TypeError for what are no such classes.
 * @example
 * class Shifted extends torch.distributions.Normal {}
 * torch.distributions.registerKl(Shifted, Shifted, (p, q) => p.loc.sub(q.loc).abs())
 * torch.distributions.klDivergence(new Shifted(1, 1), new Shifted(3, 1)) // tensor(2.)
 */
export function registerKl<P extends Distribution, Q extends Distribution>(
  typeP: DistributionClass<P>,
  typeQ: DistributionClass<Q>,
  f: (p: P, q: Q) => Tensor,
): void {
  for (const type of [typeP, typeQ]) {
    const known: unknown = type;
    if (typeof known !== 'function' || !(known === Distribution || known.prototype instanceof Distribution))
      throw new TypeError(`registerKl: Expected a subclass of Distribution but got ${describe(type)}`);
  }
  checkFunction('registerKl', f);
  registry.unshift([typeP, typeQ, f as Divergence]);
  found = new Map();
}

/** How far up a class lies above an object's. */
function distance(x: object, type: DistributionClass): number {
  let n = 0;
  for (let p: object | null = Object.getPrototypeOf(x); p !== null; p = Object.getPrototypeOf(p), n++)
    if (p === type.prototype) return n;
  return INF;
}

/** The closest entry: first by p's class, then by q's. */
function find(p: Distribution, q: Distribution): Divergence | null {
  const [ofP, ofQ]: [unknown, unknown] = [Object.getPrototypeOf(p), Object.getPrototypeOf(q)];
  const known = found.get(ofP)?.get(ofQ);
  if (known !== undefined) return known;
  let best: Divergence | null = null;
  let least: readonly [number, number] = [INF, INF];
  for (const [typeP, typeQ, f] of registry) {
    const at = [distance(p, typeP), distance(q, typeQ)] as const;
    if (at[0] === INF || at[1] === INF) continue;
    if (at[0] < least[0] || (at[0] === least[0] && at[1] < least[1])) [best, least] = [f, at];
  }
  if (!found.has(ofP)) found.set(ofP, new Map());
  found.get(ofP)!.set(ofQ, best);
  return best;
}

/**
 * The divergence `∫ p ln(p / q)` of q from p, for each element of their batch. Throws TypeError if nobody knows how to
 * compute it: see {@link registerKl}.
 * @example
 * const { klDivergence, Normal } = torch.distributions
 * klDivergence(new Normal(0, 1), new Normal(torch.tensor([0, 1.5]), 2)) // tensor([0.3181, 0.5994])
 */
export function klDivergence(p: Distribution, q: Distribution): Tensor {
  for (const [name, d] of Object.entries({ p, q })) {
    if (!(d instanceof Distribution))
      throw new TypeError(`klDivergence: expected a Distribution for ${name} but received ${describe(d)}`);
  }
  const best = find(p, q);
  if (best === null) {
    throw new TypeError(
      `klDivergence: No KL(p || q) is implemented for p type ${p.constructor.name} and q type ${q.constructor.name}`,
    );
  }
  return best(p as never, q as never);
}
