// Draws of whole numbers and of gamma and Dirichlet distributions: torch.poisson and torch.binomial, and what
// torch.distributions is made of.
import { AutogradError, DtypeError, inNameOf } from './errors.ts';
import { checkOptions } from './arguments.ts';
import { record } from './history.ts';
import { checkTensor, commonDevice, runMap } from './dispatch.ts';
import { float64, requireFloating } from './dtype.ts';
import { kernel } from './native.ts';
import type { GeneratorOption } from './methods.ts';
import { generatorId } from './random.ts';
import { broadcastShapes } from './shape.ts';
import { emptyTensor, type Tensor } from './tensor.ts';
import { zerosOf } from './ops/internal/reducing.ts';

const poissonKernel = kernel('poisson');
const binomialKernel = kernel('binomial');
const gammaKernel = kernel('standardGamma');
const gammaGradKernel = kernel('standardGammaGrad');
const dirichletGradKernel = kernel('dirichletGrad');

/** Runs a kernel over tensors of one shape and dtype, in row-major order. */
function mapped(k: number, inputs: readonly Tensor[], params: readonly number[] = []): Tensor {
  const [first] = inputs as readonly [Tensor];
  const out = emptyTensor(first.sizes, first.dt, first.device);
  const n = [out.count];
  const flat = inputs.map((x) => x.detach().contiguous().view(out.count));
  if (out.count > 0) runMap(k, n, [out.view(out.count), ...flat], out.dt, params);
  return out;
}

/**
 * Whole numbers of Poisson distributions, whose rates `x` holds: PyTorch's own for the same seed. Throws RangeError for a
 * negative rate, DtypeError for integers.
 * @example
 * torch.manualSeed(0)
 * torch.poisson(torch.tensor([0.5, 4, 100])) // tensor([ 2.,  5., 94.])
 */
export function poisson(x: Tensor, options: GeneratorOption = {}): Tensor {
  return inNameOf('poisson', () => {
    checkTensor('poisson', x);
    checkOptions('poisson', options, ['generator']);
    requireFloating('poisson', x.dt);
    const out = mapped(poissonKernel, [x], [generatorId('poisson', options?.generator, x.device)]);
    return record('poisson', out, [x], [], (g) => [zerosOf(g.sizes, g.dt, g.device)]);
  });
}

/**
 * Whole numbers of binomial distributions: how many of `count` trials succeed with probability `prob`; both broadcast.
 * Throws DtypeError for integers and different dtypes.
 * @example
 * torch.manualSeed(0)
 * torch.binomial(torch.tensor([10.0, 100]).float(), torch.tensor([0.5, 0.25])) // tensor([ 7., 26.])
 */
export function binomial(count: Tensor, prob: Tensor, options: GeneratorOption = {}): Tensor {
  return inNameOf('binomial', () => {
    checkTensor('binomial', count, 'count');
    checkTensor('binomial', prob, 'prob');
    checkOptions('binomial', options, ['generator']);
    requireFloating('binomial', count.dt);
    commonDevice('binomial', [count, prob]);
    if (count.dt !== prob.dt)
      throw new DtypeError(
        `binomial: expected count and prob to have one dtype, but got ${count.dtype} and ${prob.dtype}`,
      );
    const shape = broadcastShapes('binomial', count.sizes, prob.sizes);
    const id = generatorId('binomial', options?.generator, count.device);
    const out = mapped(binomialKernel, [count.expand(shape), prob.expand(shape)], [id]);
    return record('binomial', out, [count, prob], [], (g) => [
      zerosOf(g.sizes, g.dt, g.device),
      zerosOf(g.sizes, g.dt, g.device),
    ]);
  });
}

/** A derivative that has none itself. */
const final = (name: string, out: Tensor, inputs: readonly Tensor[]): Tensor =>
  record(`${name}Backward`, out, inputs, [], () => {
    throw new AutogradError(`backward: the derivative of ${name}'s backward is not implemented, as in PyTorch`);
  });

/** Gamma samples with rate 1; their gradient is that of a sample whose quantile stays (arXiv:1805.08498). */
export function standardGamma(alpha: Tensor): Tensor {
  const out = mapped(gammaKernel, [alpha], [generatorId('standardGamma', null, alpha.device)]);
  return record('StandardGamma', out, [alpha], [out, alpha], (g, n) => {
    const [x, a] = [n.unpack(0), n.unpack(1)];
    return [final('standardGamma', g.mul(mapped(gammaGradKernel, [x, a])), [g, a])];
  });
}

/** Dirichlet samples along the last dim, with the gradients of their beta marginals. */
export function sampleDirichlet(alpha: Tensor): Tensor {
  const gammas = mapped(gammaKernel, [alpha.detach().to(float64.name)], [generatorId('dirichlet', null, alpha.device)]);
  const tiny = alpha.dt === float64 ? 2.2250738585072014e-308 : 1.1754943508222875e-38;
  const most = alpha.dt === float64 ? 1 - 2 ** -53 : 1 - 2 ** -24;
  const x = gammas.div(gammas.sum(-1, true)).clamp(tiny, most).to(alpha.dtype);
  return record('Dirichlet', x, [alpha], [x, alpha], (g, n) => {
    const [s, a] = [n.unpack(0), n.unpack(1)];
    const slope = mapped(dirichletGradKernel, [s, a, a.sum(-1, true).expand(a.sizes)]);
    return [final('dirichlet', slope.mul(g.sub(s.mul(g).sum(-1, true))), [g, a])];
  });
}
