// PyTorch's modules of single distributions, as far as scripts write their names. index.ts has the distributions themselves.
import { Categorical } from './categorical.ts';
import { Normal } from './location-scale.ts';

/**
 * PyTorch's module of {@link Categorical}.
 * @example
 * new torch.distributions.categorical.Categorical(torch.ones(2)) // Categorical(probs: torch.Size([2]))
 */
export const categorical: Readonly<{ Categorical: typeof Categorical }> = { Categorical };
/**
 * PyTorch's module of {@link Normal}.
 * @example
 * new torch.distributions.normal.Normal(0, 1) // Normal(loc: 0.0, scale: 1.0)
 */
export const normal: Readonly<{ Normal: typeof Normal }> = { Normal };
