"""Makes test/oracle/distribution-examples.json: the parameters that PyTorch tests its own distributions with (scalars,
batches, broadcasting, extremes), in float32, and what the distributions give, for test/distribution-examples.test.ts.

    python scripts/oracle-distribution-examples.py
"""

import importlib
import json
import math
import warnings
from pathlib import Path

import torch
from torch import distributions as D

trees = importlib.import_module('oracle-transforms')
warnings.simplefilter('ignore')
FILE = Path(__file__).parent.parent / 'test/oracle/distribution-examples.json'
t = torch.tensor


def data(x):
    return trees.data(x, 8)


def attempt(f):
    """Data, or null where there is none, or where it is of no use: an error."""
    x = trees.attempt(f)
    return None if x is None else data(x)


def examples():
    torch.manual_seed(0)
    n, r = torch.randn, torch.rand
    e = lambda *s: n(*s).exp()
    table, certain = t([[0.1, 0.2, 0.3], [0.5, 0.3, 0.2]]), t([[1.0, 0.0], [0.0, 1.0]])
    near = t([[0.9, 0.0], [0.0, 0.9]])
    spd = (lambda a: a @ a.mT + torch.eye(2) * 0.1)(n(5, 2, 2))
    odds = [[t([0.7, 0.2, 0.4])], [t([0.3])], [0.3], [{'logits': t([0.0])}], [{'logits': t([-50.0, 50.0, 0.5])}], [t([[1e-7, 1 - 1e-7]])]]
    positive_pair = [[e(2, 3), e(2, 3)], [e(4), e(4)], [e(1), e(1)], [1.0, 1.0], [e(3, 1), e(2)], [t([1e-3, 1e3]), t([1e3, 1e-3])]]
    loc_scale = [[n(3, 4), n(3, 4).abs()], [n(1), n(1).abs()], [t([1.0, 0.0]), t([1e-5, 1e-5])], [0.0, 1.0], [n(2, 1), 0.3], [n(2, 1), e(3)], [t([1e4, -1e4]), t([1e-3, 1e4])]]
    counts = [t([10.0]), t([10.0, 8.0]), t([[10.0, 8.0], [5.0, 3.0]]), t([[10.0, 8.0], [5.0, 0.0]])]
    classes = [[table], [certain], [{'logits': t([[0.0, 0.0], [0.0, 0.0]])}], [t([0.6, 0.4])], [{'logits': n(2, 3, 4) * 20}], [r(40)]]
    given = {
        'Bernoulli': odds + [[t([1.0, 0.0])]],
        'Geometric': odds[:4],
        'ContinuousBernoulli': odds[:5] + [[t([0.4985, 0.4995, 0.5, 0.5005, 0.5015])]],
        'Beta': positive_pair,
        'Categorical': classes,
        'OneHotCategorical': classes,
        'OneHotCategoricalStraightThrough': classes[:2],
        'Multinomial': [[10, *c] for c in classes[:4]] + [[1, table]],
        'Binomial': [[10, table], [10, certain], *[[c, t([0.3, 0.7])[: c.shape[-1]]] for c in counts], [3, {'logits': t([-30.0, 0.0, 30.0])}], [0, 0.5]],
        'NegativeBinomial': [[10, table], [10, near], *[[c, near if c.ndim == 2 else t([0.9, 0.0])[: c.shape[-1]]] for c in counts], [0.5, {'logits': t([-5.0, 0.0, 3.0])}]],
        'Cauchy': loc_scale,
        'Laplace': loc_scale,
        'Normal': loc_scale,
        'Gumbel': loc_scale,
        'LogNormal': loc_scale[:6],
        'LogisticNormal': [[n(1, 2), n(1, 2).abs()], [n(1), n(1).abs()], [t([1.0, 0.0]), t([1e-5, 1e-5])], [0.0, 1.0], [n(2, 3), 0.5]],
        'VonMises': loc_scale[:6] + [[t([1.0, 0.0]), t([1e-7, 100.0])]],
        'HalfNormal': [[n(3, 4).abs()], [n(1).abs()], [t([1e-5, 1e5])], [1.0]],
        'HalfCauchy': [[n(3, 4).abs()], [n(1).abs()], [t([1e-5, 1e5])], [1.0]],
        'Chi2': [[e(2, 3)], [e(1)], [3], [t([1e-3, 100.0])]],
        'StudentT': [[e(2, 3)], [e(1)], [3.0], [e(2, 1), n(3), 0.5]],
        'Dirichlet': [[e(2, 3)], [e(4)], [e(1)], [t([1e-3, 1e3, 1.0])]],
        'Exponential': [[n(3, 4).abs()], [n(1).abs()], [1], [t([1e-5, 1e5])]],
        'FisherSnedecor': [[n(3, 4).abs(), n(3, 4).abs()], [n(1).abs(), n(1).abs()], [1.0, 1.0], [e(3, 1), 7.0]],
        'Gamma': positive_pair,
        'InverseGamma': positive_pair[:5],
        'Kumaraswamy': [[r(2, 3) + 1, r(2, 3) + 1], [r(4) + 1, r(4) + 1], [1.5, 2.0], [e(2, 1), e(3)]],
        'Pareto': [[2.5, 4], [n(3, 4).abs(), n(3, 4).abs()], [t([1.0]), t([1.0])], [e(2, 1), e(3)]],
        'GeneralizedPareto': [[n(3, 4), n(3, 4).abs(), n(3, 4)], [n(1), n(1).abs(), n(1)], [t(3.0), t(0.5), t(0.0)], [0.0, 1.0, t([-1.0, 1e-9, 0.5, 1.0])]],
        'Poisson': [[n(3, 4).abs()], [n(3).abs()], [0.2], [t([0.0])], [0.0], [t([1e-3, 15.0, 1e4])]],
        'RelaxedBernoulli': [[t([0.5]), t([0.7, 0.2, 0.4])], [t([2.0]), t([0.3])], [t([7.2]), {'logits': t([-2.0, 2.0, 1.0, 5.0])}]],
        'RelaxedOneHotCategorical': [[t([0.5]), table], [t([2.0]), t([0.25, 0.25, 0.5])], [t([7.2]), {'logits': t([[-2.0, 2.0, 1.0, 5.0]])}]],
        'Uniform': [[torch.zeros(3, 4), torch.ones(3, 4)], [torch.zeros(1), torch.ones(1)], [t([1.0, 1.0]), t([2.0, 3.0])], [-1.0, n(2, 3).abs()]],
        'Weibull': [[n(3, 4).abs(), n(1).abs()], [1.0, 2.5], [e(2, 1), e(3)]],
        'LKJCholesky': [[2, 0.5], [3, t([0.5, 1.0, 2.0])], [7, 4.0], [4, e(2)]],
        'MultivariateNormal': [[n(5, 2), spd[0]], [n(2, 2, 2), {'precision_matrix': t([[2.0, 0.1], [0.1, 0.5]])}], [n(5, 2), {'scale_tril': torch.linalg.cholesky(spd)}], [t([2.0, -1.0]), spd]],
        'LowRankMultivariateNormal': [[n(5, 2), n(5, 2, 1), e(5, 2)], [n(4, 3), n(3, 2), e(3)], [n(2), n(2, 2), e(4, 2)]],
        'Wishart': [[t(5.0), spd], [t([3.0, 4.0]), {'precision_matrix': t([[2.0, 0.1], [0.1, 0.5]])}], [3.0, {'scale_tril': torch.linalg.cholesky(spd)}], [4, spd[0]]],
    }
    return [[name, *args] for name, list_ in given.items() for args in list_]


def answers(tree):
    d = trees.build(tree)
    torch.manual_seed(9)
    shape = (3,)
    x = d.sample(shape)
    out = {
        'repr': repr(trees.build(tree)),
        'support': repr(d.support),
        'constraints': {trees.camel(k): repr(c) for k, c in d.arg_constraints.items()},
        'shapes': [list(d.batch_shape), list(d.event_shape)],
        'has': [d.has_rsample, d.has_enumerate_support],
        'sample': data(x),
        'next': data(torch.rand(2)),
        'logProb': attempt(lambda: d.log_prob(x)),
        'values': attempt(lambda: d.enumerate_support(expand=False)) if tree[0] != 'OneHotCategorical' or d.event_shape[0] < 9 else 0,
    }
    for name in ('mean', 'mode', 'variance', 'stddev', 'entropy', 'perplexity'):
        out[name] = attempt(lambda: getattr(d, name)() if name in ('entropy', 'perplexity') else getattr(d, name))
    out['cdf'] = attempt(lambda: d.cdf(x))
    p = torch.tensor([0.0, 0.25, 1.0]).reshape(3, *[1] * len(d.batch_shape))
    out['icdf'] = attempt(lambda: d.icdf(p)) if not d.event_shape else None
    return out


def main():
    rows = [[trees.told(tree), answers(tree)] for tree in examples()]
    FILE.write_text(json.dumps(rows, separators=(',', ':')) + '\n')
    print(f'{FILE.stat().st_size / 1e3:.0f} KB, {len(rows)} examples')


main()
