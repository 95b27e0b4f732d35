"""Makes test/oracle/distributions.json: PyTorch's distributions, for test/distributions.test.ts.

    python scripts/oracle-distributions.py

Each case of `cases` is [class, parameters, values, what it gives]: logProb with its gradients by the parameters and the
value, entropy with its gradients, moments, cdf, icdf, samples of a seed. `kl` holds pairs, `gamma` implicit gradients.
"""

import json
import math
from pathlib import Path

import torch
from torch import distributions as D

torch.set_default_dtype(torch.float64)
FILE = Path(__file__).parent.parent / 'test/oracle/distributions.json'


def digits(v, n=13):
    if isinstance(v, list):
        return [digits(x, n) for x in v]
    if isinstance(v, float):
        return {math.inf: 'Infinity', -math.inf: '-Infinity'}.get(v, 'NaN') if not math.isfinite(v) else float(f'{v:.{n}g}')
    return v


def data(x, n=13):
    return {'v': digits(x.detach().flatten().tolist(), n), 's': list(x.shape), 'd': str(x.dtype)[6:]} if isinstance(x, torch.Tensor) else digits(x)


def camel(name):
    head, *rest = name.split('_')
    return head + ''.join(w.capitalize() for w in rest)


def params(given, grad=True):
    return {k: v.clone().requires_grad_() if grad and isinstance(v, torch.Tensor) and v.is_floating_point() else v for k, v in given.items()}


def gradients(y, inputs, lower=None):
    inputs = [x for x in inputs if isinstance(x, torch.Tensor) and x.requires_grad]
    if not y.requires_grad or not inputs:
        return None
    return [None if g is None else data(g.tril() if x is lower else g) for x, g in zip(inputs, torch.autograd.grad(y.sum(), inputs, allow_unused=True, retain_graph=True))]


def attempt(f):
    try:
        return f()
    except NotImplementedError:
        return None


def case(name, given, value, seeded=True, probability=None):
    p = params(given)
    d = getattr(D, name)(**p)
    v = value.clone()
    if v.is_floating_point() and not d.support.is_discrete and name not in ('OneHotCategorical', 'Multinomial', 'LKJCholesky'):
        v.requires_grad_()
    out = {'repr': str(getattr(D, name)(**{k: x.detach() if isinstance(x, torch.Tensor) else x for k, x in p.items()}))}
    y = d.log_prob(v)
    # cholesky_solve has gradients above the diagonal of a triangular matrix too
    out['logProb'] = [data(y), gradients(y, [*p.values(), v], p.get('scale_tril') if name == 'Wishart' else None)]
    e = attempt(d.entropy)
    if e is not None:
        out['entropy'] = [data(e), gradients(e, p.values())]
    for what in ('mean', 'mode', 'variance', 'stddev'):
        x = attempt(lambda: getattr(d, what))
        if x is not None:
            out[what] = data(x)
    c = attempt(lambda: d.cdf(v))
    if c is not None:
        out['cdf'] = data(c)
    if probability is not None:
        x = attempt(lambda: d.icdf(probability))
        if x is not None:
            out['icdf'] = [data(probability), data(x)]
    if d.has_enumerate_support and attempt(d.enumerate_support) is not None:
        out['support'] = [data(d.enumerate_support()), data(d.enumerate_support(expand=False))]
    if seeded:
        torch.manual_seed(3)
        out['sample'] = data(d.sample((3,)))
        if d.has_rsample:
            torch.manual_seed(4)
            s = d.rsample((2,))
            weights = torch.arange(1.0, s.numel() + 1).reshape(s.shape)
            # PyTorch writes into what Wishart's backward needs
            out['rsample'] = [data(s), None if name == 'Wishart' else gradients((s * weights), p.values())]
    out['shapes'] = [list(d.batch_shape), list(d.event_shape)]
    ex = attempt(lambda: d.expand((2, *d.batch_shape)))
    out['expanded'] = [list(ex.batch_shape), data(ex.log_prob(v))]
    # the rows of factors of correlations must be of length 1 to the last bit
    return [name, {camel(k): data(x) for k, x in given.items()}, data(value, 17 if name == 'LKJCholesky' else 13), out]


def cases():
    torch.manual_seed(0)
    n, r, t = torch.randn, torch.rand, torch.tensor
    q = t([0.1, 0.5, 0.75])
    spd = (lambda a: a @ a.mT + torch.eye(a.shape[-1]))(n(2, 3, 3))
    logits = n(2, 4)
    return [
        case('Normal', {'loc': n(3), 'scale': r(3) + 0.1}, n(3), probability=q),
        case('Normal', {'loc': n(2, 1), 'scale': r(3) + 0.1}, n(2, 2, 3)),
        case('Laplace', {'loc': n(3), 'scale': r(3) + 0.1}, n(3), probability=q),
        case('Cauchy', {'loc': n(3), 'scale': r(3) + 0.1}, n(3), probability=q),
        case('StudentT', {'df': t([0.5, 1.5, 5.0]), 'loc': n(3), 'scale': r(3) + 0.1}, n(3)),
        case('Uniform', {'low': n(3) - 3, 'high': n(3) + 3}, n(3) * 0.1, probability=q),
        case('Exponential', {'rate': r(3) + 0.1}, r(3), probability=q),
        case('Gamma', {'concentration': t([0.3, 1.5, 20.0]), 'rate': r(3) + 0.1}, r(3) * 3),
        case('Chi2', {'df': t([0.3, 1.5, 20.0])}, r(3) * 3),
        case('Beta', {'concentration1': t([0.3, 1.5, 20.0]), 'concentration0': t([0.7, 3.0, 8.0])}, r(3)),
        case('Dirichlet', {'concentration': t([[0.3, 1.5, 2.0], [4.0, 5.0, 0.9], [0.5, 0.2, 0.1]])}, r(3, 3).softmax(-1)),
        case('HalfNormal', {'scale': r(3) + 0.1}, r(3), probability=q),
        case('LogNormal', {'loc': n(3), 'scale': r(3) + 0.1}, r(3) * 3, probability=q),
        case('Bernoulli', {'probs': t([0.0, 0.3, 0.5, 1.0])}, t([0.0, 1.0, 0.0, 1.0])),
        case('Bernoulli', {'logits': n(3)}, t([0.0, 1.0, 0.0])),
        case('Geometric', {'probs': t([0.2, 0.5, 1.0])}, t([2.0, 3.0, 0.0])),
        case('Geometric', {'logits': n(3)}, t([2.0, 3.0, 0.0])),
        case('Binomial', {'total_count': 6, 'probs': t([0.2, 0.5, 0.9])}, t([2.0, 3.0, 6.0])),
        case('Binomial', {'total_count': t([6.0, 200.0, 60.0]), 'logits': t([-0.5, 0.2, 1.5])}, t([2.0, 120.0, 50.0])),
        case('Poisson', {'rate': t([0.5, 4.0, 30.0])}, t([0.0, 6.0, 28.0])),
        case('Categorical', {'probs': r(2, 4)}, t([1, 3])),
        case('Categorical', {'logits': logits}, t([[0, 2], [1, 3]])),
        case('OneHotCategorical', {'probs': r(2, 4)}, t([[0.0, 1, 0, 0], [0, 0, 0, 1]])),
        case('OneHotCategoricalStraightThrough', {'logits': logits}, t([[0.0, 1, 0, 0], [0, 0, 0, 1]])),
        case('Multinomial', {'total_count': 5, 'probs': r(2, 4)}, t([[0.0, 1, 3, 1], [5, 0, 0, 0]])),
        case('MultivariateNormal', {'loc': n(2, 3), 'covariance_matrix': spd}, n(2, 3)),
        case('MultivariateNormal', {'loc': n(3), 'precision_matrix': spd}, n(2, 3)),
        case('MultivariateNormal', {'loc': n(2, 3), 'scale_tril': torch.linalg.cholesky(spd[0])}, n(2, 2, 3)),
        *more(q, spd, logits),
    ]


def more(q, spd, logits):
    torch.manual_seed(20)
    n, r, t = torch.randn, torch.rand, torch.tensor
    w = n(2, 3, 1)
    return [
        case('Gumbel', {'loc': n(3), 'scale': r(3) + 0.1}, n(3), probability=q),
        case('Gumbel', {'loc': 0.5, 'scale': n(2, 1).abs()}, n(2, 3)),
        case('Weibull', {'scale': r(3) + 0.1, 'concentration': t([0.5, 1.0, 3.0])}, r(3) * 3, probability=q),
        case('Pareto', {'scale': t([0.5, 1.0, 2.0]), 'alpha': t([0.5, 1.5, 3.0])}, r(3) + 2, probability=q),
        case('GeneralizedPareto', {'loc': t([0.0, 0.5, -1.0]), 'scale': r(3) + 0.5, 'concentration': t([-0.3, 0.4, 0.0])}, r(3) + 0.5, probability=q),
        case('GeneralizedPareto', {'loc': t([[0.1], [0.2]]), 'scale': 1.5, 'concentration': t([2.0, -1.0, 0.6])}, r(2, 3) + 0.2, probability=q),
        case('HalfCauchy', {'scale': r(3) + 0.1}, r(3), probability=q),
        case('InverseGamma', {'concentration': t([0.5, 1.5, 3.0]), 'rate': r(3) + 0.1}, r(3) * 3 + 0.1),
        case('Kumaraswamy', {'concentration1': t([0.5, 1.5, 3.0]), 'concentration0': t([2.0, 0.7, 5.0])}, r(3), probability=q),
        case('LogisticNormal', {'loc': n(2, 3), 'scale': r(2, 3) + 0.1}, n(2, 4).softmax(-1)),
        case('LogisticNormal', {'loc': t(0.5), 'scale': 1.5}, n(2, 2).softmax(-1)),
        case('FisherSnedecor', {'df1': t([0.5, 3.0, 10.0]), 'df2': t([1.5, 3.0, 7.0])}, r(3) * 2),
        case('ContinuousBernoulli', {'probs': t([0.1, 0.4995, 0.5, 0.501, 0.8])}, r(5), probability=t([0.1, 0.2, 0.5, 0.7, 1.0])),
        case('ContinuousBernoulli', {'logits': t([-3.0, 0.001, 1.5])}, t([0.0, 0.3, 1.0]), probability=q),
        case('ContinuousBernoulli', {'probs': t([0.1, 0.45, 0.6]), 'lims': (0.4, 0.55)}, r(3)),
        case('NegativeBinomial', {'total_count': 5, 'probs': t([0.1, 0.5, 0.9])}, t([0.0, 3.0, 40.0])),
        case('NegativeBinomial', {'total_count': t([0.0, 2.5, 60.0]), 'logits': t([-0.5, 0.2, 1.5])}, t([0.0, 3.0, 100.0])),
        case('RelaxedBernoulli', {'temperature': t(0.5), 'probs': t([0.1, 0.5, 0.9])}, r(3)),
        case('RelaxedBernoulli', {'temperature': t([0.5, 1.5, 3.0]), 'logits': n(2, 3)}, r(2, 3)),
        case('RelaxedOneHotCategorical', {'temperature': t(0.5), 'probs': r(2, 4)}, n(2, 4).softmax(-1)),
        case('RelaxedOneHotCategorical', {'temperature': t(2.2), 'logits': logits}, n(2, 4).softmax(-1)),
        case('VonMises', {'loc': n(3), 'concentration': t([0.2, 3.0, 50.0])}, n(3)),
        case('LowRankMultivariateNormal', {'loc': n(2, 3), 'cov_factor': w, 'cov_diag': r(3) + 0.3}, n(2, 3)),
        case('LowRankMultivariateNormal', {'loc': n(3), 'cov_factor': n(3, 2), 'cov_diag': r(2, 3) + 0.3}, n(2, 2, 3)),
        case('LKJCholesky', {'dim': 3, 'concentration': t([0.5, 2.0])}, D.LKJCholesky(3, t([0.5, 2.0])).sample()),
        case('LKJCholesky', {'dim': 2, 'concentration': t(1.0)}, D.LKJCholesky(2).sample((2,))),
        case('Wishart', {'df': t([4.5, 7.0]), 'covariance_matrix': spd}, spd.flip(0) * 3),
        case('Wishart', {'df': 3.5, 'precision_matrix': spd[0]}, spd),
        case('Wishart', {'df': t([3.0, 5.0]), 'scale_tril': torch.linalg.cholesky(spd[1])}, spd),
    ]


def composed():
    """Distributions of distributions, built by name on both sides."""
    torch.manual_seed(1)
    n = torch.randn
    loc, scale, x = n(2, 3), torch.rand(2, 3) + 0.1, n(2, 3)
    base = D.Normal(loc, scale)
    T = D.transforms
    made = {
        'independent': (D.Independent(base, 1), x),
        'affine': (D.TransformedDistribution(base, T.AffineTransform(1.0, -2.0)), x),
        'sigmoid': (D.TransformedDistribution(base, [T.AffineTransform(0.5, 2.0), T.SigmoidTransform()]), x.sigmoid()),
        'softplus': (D.TransformedDistribution(base, T.SoftplusTransform()), x.abs() + 0.1),
        'tanh': (D.TransformedDistribution(base, T.TanhTransform()), x.tanh()),
        'power': (D.TransformedDistribution(D.Exponential(scale), T.PowerTransform(torch.tensor(2.0))), x.abs()),
        'inverse': (D.TransformedDistribution(D.LogNormal(loc, scale), T.ExpTransform().inv), x),
        'stick': (D.TransformedDistribution(base, T.StickBreakingTransform()), n(2, 4).softmax(-1)),
    }
    out = {}
    for name, (d, v) in made.items():
        torch.manual_seed(2)
        out[name] = [data(v), data(d.log_prob(v)), data(d.sample()), attempt(lambda: data(d.cdf(v))), list(d.batch_shape), list(d.event_shape)]
    return {'loc': data(loc), 'scale': data(scale), 'made': out}


def wide(p, q):
    """The divergences where one of both has more batch dims; null where PyTorch fails."""
    out = []
    for left, right in ((p, q.expand((3, *q.batch_shape))), (p.expand((3, *p.batch_shape)), q)):
        try:
            out.append(data(D.kl_divergence(left, right).detach().sum(0)))
        except (RuntimeError, IndexError):
            out.append(None)
    return out


def kl():
    t = torch.tensor
    torch.manual_seed(5)
    spd = (lambda a: a @ a.mT + torch.eye(3))(torch.randn(2, 3, 3))
    a = {
        'Normal': {'loc': t([0.5, -1.0]), 'scale': t([1.0, 2.0])},
        'Laplace': {'loc': t([0.3, -0.5]), 'scale': t([1.5, 0.7])},
        'Cauchy': {'loc': t([0.3, -0.5]), 'scale': t([1.5, 0.7])},
        'Uniform': {'low': t([0.1, 0.2]), 'high': t([0.6, 0.9])},
        'Exponential': {'rate': t([0.5, 2.0])},
        'Gamma': {'concentration': t([0.5, 3.0]), 'rate': t([1.5, 0.6])},
        'Beta': {'concentration1': t([0.5, 3.0]), 'concentration0': t([1.5, 0.6])},
        'Dirichlet': {'concentration': t([[0.5, 3.0, 1.0], [1.0, 2.0, 4.0]])},
        'HalfNormal': {'scale': t([1.5, 0.6])},
        'LogNormal': {'loc': t([0.5, -1.0]), 'scale': t([1.0, 2.0])},
        'Bernoulli': {'probs': t([0.3, 1.0])},
        'Geometric': {'probs': t([0.3, 0.8])},
        'Binomial': {'total_count': 4, 'probs': t([0.3, 0.8])},
        'Poisson': {'rate': t([0.5, 4.0])},
        'Categorical': {'probs': t([[0.3, 0.7, 0.0], [0.2, 0.5, 0.3]])},
        'OneHotCategorical': {'probs': t([[0.3, 0.7, 0.0], [0.2, 0.5, 0.3]])},
        'MultivariateNormal': {'loc': torch.randn(2, 3), 'covariance_matrix': spd},
        'Gumbel': {'loc': t([0.5, -1.0]), 'scale': t([1.0, 2.0])},
        'Pareto': {'scale': t([0.5, 1.5]), 'alpha': t([1.5, 2.5])},
        'ContinuousBernoulli': {'probs': t([0.3, 0.9])},
        'LowRankMultivariateNormal': {'loc': torch.randn(2, 3), 'cov_factor': torch.randn(2, 3, 1), 'cov_diag': torch.rand(3) + 0.3},
        'Wishart': {'df': t(4.5), 'covariance_matrix': spd[0]},
        'HalfCauchy': {'scale': t([1.5, 0.6])},
        'InverseGamma': {'concentration': t([0.5, 3.0]), 'rate': t([1.5, 0.6])},
        'LogisticNormal': {'loc': torch.randn(2, 2), 'scale': torch.rand(2, 2) + 0.1},
        'Chi2': {'df': t([0.5, 3.0])},
        'NegativeBinomial': {'total_count': 4, 'probs': t([0.3, 0.8])},
        'Weibull': {'scale': t([0.5, 3.0]), 'concentration': t([1.5, 0.6])},
    }
    b = {
        'Normal': {'loc': t([0.1, 1.0]), 'scale': t([2.0, 0.5])},
        'Laplace': {'loc': t([0.1, 0.5]), 'scale': t([0.5, 1.7])},
        'Cauchy': {'loc': t([0.1, 0.5]), 'scale': t([0.5, 1.7])},
        'Uniform': {'low': t([0.0, 0.3]), 'high': t([1.0, 1.9])},
        'Exponential': {'rate': t([1.5, 0.3])},
        'Gamma': {'concentration': t([2.5, 1.0]), 'rate': t([0.5, 1.6])},
        'Beta': {'concentration1': t([1.5, 2.0]), 'concentration0': t([0.5, 1.6])},
        'Dirichlet': {'concentration': t([[1.5, 1.0, 2.0], [1.0, 0.3, 1.0]])},
        'HalfNormal': {'scale': t([0.5, 1.6])},
        'LogNormal': {'loc': t([0.1, 1.0]), 'scale': t([2.0, 0.5])},
        'Bernoulli': {'probs': t([0.6, 0.4])},
        'Geometric': {'probs': t([0.6, 0.4])},
        'Binomial': {'total_count': 4, 'probs': t([0.6, 0.4])},
        'Poisson': {'rate': t([1.5, 3.0])},
        'Categorical': {'probs': t([[0.3, 0.3, 0.4], [0.5, 0.5, 0.0]])},
        'OneHotCategorical': {'probs': t([[0.3, 0.3, 0.4], [0.5, 0.5, 0.0]])},
        'MultivariateNormal': {'loc': torch.randn(2, 3), 'scale_tril': torch.linalg.cholesky(spd.flip(0))},
        'Gumbel': {'loc': t([0.1, 1.0]), 'scale': t([2.0, 0.5])},
        'Pareto': {'scale': t([0.05, 0.2]), 'alpha': t([0.7, 2.0])},
        'ContinuousBernoulli': {'probs': t([0.6, 0.5])},
        'LowRankMultivariateNormal': {'loc': torch.randn(3), 'cov_factor': torch.randn(3, 2), 'cov_diag': torch.rand(2, 3) + 0.3},
        'Wishart': {'df': t(3.5), 'scale_tril': torch.linalg.cholesky(spd[1])},
        'HalfCauchy': {'scale': t([0.5, 1.6])},
        'InverseGamma': {'concentration': t([2.5, 1.0]), 'rate': t([0.5, 1.6])},
        'LogisticNormal': {'loc': torch.randn(2, 2), 'scale': torch.rand(2, 2) + 0.1},
        'Chi2': {'df': t([2.5, 1.0])},
        'NegativeBinomial': {'total_count': 4, 'probs': t([0.6, 0.4])},
        'Weibull': {'scale': t([2.5, 1.0]), 'concentration': t([0.5, 1.6])},
    }
    pairs = []
    for name, p in a.items():
        for other, q in b.items():
            args = params(p)
            left, right = getattr(D, name)(**args), getattr(D, other)(**q)
            y = attempt(lambda: D.kl_divergence(left, right))
            grads = None if y is None or not torch.isfinite(y).all() else gradients(y, args.values())
            pairs.append([name, other, None if y is None else data(y), grads, y is not None and wide(left, right)])
    given = lambda s: {k: {camel(n): data(x) for n, x in v.items()} for k, v in s.items()}
    return {'p': given(a), 'q': given(b), 'pairs': pairs}


def draws():
    torch.manual_seed(6)
    alpha = torch.tensor([0.05, 0.5, 1.0, 2.5, 9.0, 40.0, 300.0, 5000.0]).repeat(4)
    g = torch._standard_gamma(alpha)
    total = torch.tensor([0.6, 3.0, 2.5, 8.0, 40.0, 90.0, 305.0, 9000.0]).repeat(4)
    x = torch.distributions.Beta(alpha, total - alpha).sample()
    torch.manual_seed(7)
    rates = torch.tensor([0.0, 0.3, 5.0, 9.9, 10.0, 50.0, 1e4]).repeat(5)
    counts, probs = torch.tensor([5.0, 40.0, 1000.0, 30.0, 1e5, 12.0]).repeat(5), torch.tensor([0.5, 0.1, 0.3, 0.9, 0.999, 0.0]).repeat(5)
    return {
        'gamma': [data(alpha), data(g), data(torch._standard_gamma_grad(alpha, g))],
        'dirichlet': [data(alpha), data(total), data(x), data(torch._dirichlet_grad(x, alpha, total))],
        'poisson': [data(rates), data(torch.poisson(rates)), data(torch.poisson(rates.float()))],
        'binomial': [data(counts), data(probs), data(torch.binomial(counts, probs))],
        'gamma32': [data(alpha.float()), data(torch._standard_gamma(alpha.float()))],
    }


def main():
    FILE.write_text(json.dumps({'cases': cases(), 'composed': composed(), 'kl': kl(), 'draws': draws()}, separators=(',', ':')) + '\n')
    print(f'{FILE.stat().st_size / 1e3:.0f} KB')


main()
