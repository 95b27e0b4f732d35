// Probabilities that are given as such or as log-odds: what Bernoulli, binomial, geometric and relaxed distributions share.
import { type Call, readArguments } from '../arguments.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Constraint } from './constraint.ts';
import * as constraints from './constraints.ts';
import {
  broadcastAll,
  checkEither,
  Distribution,
  lazily,
  logitsToProbs,
  type Param,
  probsToLogits,
  type ValidateOptions,
} from './distribution.ts';
import { ExponentialFamily } from './exponential-family.ts';

/** Probabilities, or their logarithms or log-odds: one of them. */
export interface ProbsOptions extends ValidateOptions {
  probs?: Param | null | undefined;
  logits?: Param | null | undefined;
}
export type Probs = Call<[probs?: Param | null, logits?: Param | null, validateArgs?: boolean | null], ProbsOptions>;
export const PROBS_NAMES = ['probs', 'logits', 'validateArgs'];
export const PROBS: Readonly<Record<string, Constraint>> = {
  probs: constraints.unitInterval,
  logits: constraints.real,
};

/** A probability, said one way or the other; the other way is computed when it is asked for. */
export class Odds {
  #probs: Tensor | null;
  #logits: Tensor | null;
  readonly byProbs: boolean;
  constructor(probs: Tensor | null, logits: Tensor | null) {
    this.byProbs = probs !== null;
    this.#probs = probs;
    this.#logits = logits;
  }
  get probs(): Tensor {
    return (this.#probs ??= lazily(() => this.fromLogits(this.#logits!)));
  }
  get logits(): Tensor {
    return (this.#logits ??= lazily(() => probsToLogits(this.#probs!, true)));
  }
  protected fromLogits(logits: Tensor): Tensor {
    return logitsToProbs(logits, true);
  }
  get parameter(): Tensor {
    return this.byProbs ? this.probs : this.logits;
  }
  /** Whether a name is that of what was neither given nor asked for. */
  hides(name: string): boolean {
    return (name === 'probs' && this.#probs === null) || (name === 'logits' && this.#logits === null);
  }
  /** Takes over what others that say the same have computed, repeated to a batch shape. */
  adopt(others: Odds, batchShape: Shape): void {
    this.#probs ??= others.#probs?.expand(batchShape) ?? null;
    this.#logits ??= others.#logits?.expand(batchShape) ?? null;
  }
  /** The parameter repeated to a batch shape, by its name. */
  repeated(batchShape: Shape): ProbsOptions {
    return { [this.byProbs ? 'probs' : 'logits']: this.parameter.expand(batchShape), validateArgs: false };
  }
}
/** Reads `probs` or `logits`. */
export function readOdds(where: string, args: readonly unknown[]): [Odds, Partial<ProbsOptions>] {
  const options = readArguments<ProbsOptions>(where, args, PROBS_NAMES);
  return [oddsOf(where, options), options];
}
/** Of options. */
export function oddsOf(where: string, options: Partial<ProbsOptions>): Odds {
  const { probs = null, logits = null } = options;
  checkEither(where, probs, logits);
  return probs !== null
    ? new Odds(broadcastAll(where, { probs }).probs, null)
    : new Odds(null, broadcastAll(where, { logits: logits! }).logits);
}

/** A distribution of one probability. */
export abstract class OfOdds extends Distribution {
  protected readonly odds: Odds;
  constructor(odds: Odds) {
    super();
    this.odds = odds;
    Object.defineProperty(this, 'odds', { enumerable: false });
  }
  /** The probability. */
  get probs(): Tensor {
    return this.odds.probs;
  }
  /** Its log-odds. */
  get logits(): Tensor {
    return this.odds.logits;
  }
  /** The shape of the parameter that was given. */
  get paramShape(): Shape {
    return this.odds.parameter.shape;
  }
  protected override given(name: string): unknown {
    return this.odds.hides(name) ? undefined : super.given(name);
  }
  protected override like<D extends Distribution>(made: D): D {
    if (made instanceof OfOdds) made.odds.adopt(this.odds, made.batchShape);
    return super.like(made);
  }
}
/** The same of the exponential family. */
export abstract class FamilyOfOdds extends ExponentialFamily {
  protected readonly odds: Odds;
  constructor(odds: Odds) {
    super();
    this.odds = odds;
    Object.defineProperty(this, 'odds', { enumerable: false });
  }
  /** The probability. */
  get probs(): Tensor {
    return this.odds.probs;
  }
  /** Its log-odds. */
  get logits(): Tensor {
    return this.odds.logits;
  }
  /** The shape of the parameter that was given. */
  get paramShape(): Shape {
    return this.odds.parameter.shape;
  }
  protected override given(name: string): unknown {
    return this.odds.hides(name) ? undefined : super.given(name);
  }
  protected override like<D extends Distribution>(made: D): D {
    if (made instanceof FamilyOfOdds) made.odds.adopt(this.odds, made.batchShape);
    return super.like(made);
  }
}
