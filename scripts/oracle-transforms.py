"""Makes test/oracle/transforms.json: PyTorch's transforms, constraints, registries, distributions made of others, and what
distributions say to bad arguments, for test/transforms.test.ts.

    python scripts/oracle-transforms.py

What is built is described as a tree that both sides read: ['Name', argument, ...] calls the class, function or object of
that name (in camel case) in torch.distributions or its constraints; ['inv', t] is an inverse, and a dict a tensor.
"""

import json
import math
import warnings
from pathlib import Path

import torch
from torch import distributions as D

warnings.simplefilter('ignore')
FILE = Path(__file__).parent.parent / 'test/oracle/transforms.json'
t = torch.tensor
VALUES = {'boolean', 'one_hot', 'nonnegative_integer', 'positive_integer', 'real', 'real_vector', 'positive', 'nonnegative', 'unit_interval', 'simplex', 'lower_triangular', 'lower_cholesky', 'corr_cholesky', 'square', 'symmetric', 'positive_semidefinite', 'positive_definite', 'dependent', 'identity_transform'}


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
    return head + ''.join(w[:1].upper() + w[1:] for w in rest)


def build(tree):
    """The Python object of a tree."""
    if isinstance(tree, list) and tree and isinstance(tree[0], str):
        name, *args = tree
        if name == 'inv':
            return build(args[0]).inv
        for home in (D.constraints, D.transforms, D):
            if hasattr(home, name):
                found = getattr(home, name)
                named = args.pop() if args and isinstance(args[-1], dict) else {}
                return found if name in VALUES else found(*map(build, args), **{k: build(v) for k, v in named.items()})
        raise NameError(name)
    return [build(x) for x in tree] if isinstance(tree, list) else tree


def told(tree):
    """The tree for the other side."""
    if isinstance(tree, torch.Tensor):
        return data(tree)
    if isinstance(tree, dict):
        return {camel(k): told(v) for k, v in tree.items()}
    if isinstance(tree, list):
        return [camel(tree[0]), *map(told, tree[1:])] if tree and isinstance(tree[0], str) else {'list': [told(x) for x in tree]}
    return tree


def attempt(f):
    try:
        return f()
    except (RuntimeError, ValueError, AttributeError, AssertionError, IndexError):
        return None


def shape(f):
    return attempt(lambda: list(f()))


def transform(tree, x):
    T = build(tree)
    x = x.clone().requires_grad_()
    y = T(x)
    weights = torch.arange(1.0, y.numel() + 1).reshape(y.shape)
    jacobian = attempt(lambda: T.log_abs_det_jacobian(x, y))
    sign = attempt(lambda: T.sign)
    return [told(tree), {
        'x': data(x),
        'y': data(y),
        'back': data(T.inv(y.detach())),
        'slope': data(torch.autograd.grad((y * weights).sum(), x, retain_graph=True)[0]),
        'jacobian': None if jacobian is None else data(jacobian),
        'sign': None if sign is None else data(sign),
        'bijective': T.bijective,
        'domain': [repr(T.domain), attempt(lambda: T.domain.event_dim)],
        'codomain': [repr(T.codomain), attempt(lambda: T.codomain.event_dim)],
        'allowed': attempt(lambda: data(T.codomain.check(y.detach()))),
        'repr': repr(T),
        'shapes': [shape(lambda: T.forward_shape(x.shape)), shape(lambda: T.inverse_shape(y.shape))],
    }]


def transforms():
    torch.manual_seed(0)
    n = torch.randn
    affine, exp = ['AffineTransform', 0.5, -2.0], ['ExpTransform']
    return [
        transform(exp, n(3)),
        transform(['AbsTransform'], n(3)),
        transform(affine, n(2, 3)),
        transform(['AffineTransform', n(3), n(3), 1], n(2, 3)),
        transform(['AffineTransform', t(1.0), t([-1.0, 2.0]), {'event_dim': 0}], n(2, 2)),
        transform(['PowerTransform', t(2.0)], n(3).abs()),
        transform(['PowerTransform', t([-1.0, 0.5])], n(3, 2).abs()),
        transform(['SigmoidTransform'], n(3) * 20),
        transform(['SoftplusTransform'], n(3) * 3),
        transform(['TanhTransform'], n(3)),
        transform(['SoftmaxTransform'], n(2, 3)),
        transform(['StickBreakingTransform'], n(2, 3)),
        transform(['CorrCholeskyTransform'], n(2, 6)),
        transform(['CorrCholeskyTransform'], n(1)),
        transform(['LowerCholeskyTransform'], n(2, 3, 3)),
        transform(['PositiveDefiniteTransform'], n(2, 3, 3)),
        transform(['ReshapeTransform', [6], [2, 3]], n(4, 6)),
        transform(['ReshapeTransform', [1], []], n(4, 1)),
        transform(['IndependentTransform', exp, 1], n(2, 3)),
        transform(['IndependentTransform', ['StickBreakingTransform'], 1], n(2, 2, 3)),
        transform(['CatTransform', [exp, affine], 0], n(2)),
        transform(['CatTransform', [exp, ['identity_transform'], affine], -1, [1, 2, 1]], n(2, 4)),
        transform(['CatTransform', [exp, ['SigmoidTransform']], 0, [2, 1]], n(3, 2)),
        transform(['CatTransform', [['IndependentTransform', exp, 1], exp], 0, [2, 1]], n(3, 2)),
        transform(['StackTransform', [exp, affine, ['TanhTransform']], -1], n(2, 3)),
        transform(['StackTransform', [exp, ['SoftplusTransform']], 0], n(2, 3)),
        transform(['StackTransform', [exp, exp], 1], n(2, 2)),
        transform(['CumulativeDistributionTransform', ['Normal', n(3), n(3).exp()]], n(3)),
        transform(['inv', ['CumulativeDistributionTransform', ['Gumbel', n(3), n(3).exp()]]], torch.rand(3)),
        transform(['ComposeTransform', [affine, exp]], n(3)),
        transform(['ComposeTransform', [exp, ['StickBreakingTransform'], ['inv', ['SigmoidTransform']]]], n(2, 3)),
        transform(['inv', ['ComposeTransform', [affine, exp]]], n(3).exp()),
        transform(['inv', exp], n(3).exp()),
        transform(['identity_transform'], n(3)),
    ]


CONSTRAINTS = [
    ['boolean'], ['one_hot'], ['nonnegative_integer'], ['positive_integer'], ['integer_interval', -1, 2], ['real'], ['real_vector'], ['positive'],
    ['nonnegative'], ['greater_than', 0.5], ['greater_than_eq', 0.5], ['less_than', 0.5], ['interval', -0.5, 1.5], ['half_open_interval', -0.5, 1.0],
    ['unit_interval'], ['simplex'], ['multinomial', 2], ['lower_triangular'], ['lower_cholesky'], ['corr_cholesky'], ['square'], ['symmetric'],
    ['positive_semidefinite'], ['positive_definite'], ['independent', ['positive'], 2], ['cat', [['positive'], ['real']], 0, [1, 1]],
    ['stack', [['positive'], ['unit_interval']], -1], ['stack', [['positive'], ['simplex']], 0], ['MixtureSameFamilyConstraint', ['positive']], ['MixtureSameFamilyConstraint', ['simplex']],
    ['greater_than', torch.tensor([0.5, 1.5], dtype=torch.float64)],
]


def constraints():
    values = [
        t([[0.0, 1.0], [1.0, math.nan]]),
        t([[1.0, 0.0], [0.5, 0.8660254037844386]]),
        t([[1.0, 0.0], [0.6, 0.8]]),
        t([[2.0, 1.0], [1.0, 2.0]]),
        t([[1.0, 1.0], [1.0, 1.0]]),
        t([[1.0, 2.0], [2.0, 1.0]]),
        t([[-1.0, 0.25], [0.25, 0.75]]),
    ]
    out = []
    for tree in CONSTRAINTS:
        c = build(tree)
        out.append([told(tree), repr(c), c.is_discrete, c.event_dim, [attempt(lambda v=v: data(c.check(v))) for v in values]])
    return [[data(v, 17) for v in values], out]


def registries():
    torch.manual_seed(1)
    given = [c for c in CONSTRAINTS if c[0] not in ('MixtureSameFamilyConstraint',)]
    given += [['cat', [['positive'], ['unit_interval']], -1, [2, 1]], ['interval', t([-1.0, 0.0, 1.0]), t([1.0, 2.0, 3.0])], ['independent', ['simplex'], 1], ['interval', -1.0, t([2.0, 3.0, 4.0])]]
    out = []
    for tree in given:
        for name in ('biject_to', 'transform_to'):
            T = attempt(lambda: getattr(D, name)(build(tree)))
            if T is None:
                out.append([name == 'biject_to', told(tree), None])
                continue
            x = torch.randn(3, 3)
            y = attempt(lambda: T(x)) if tree[0] not in ('cat', 'stack') or tree[-1] == [2, 1] else None
            out.append([name == 'biject_to', told(tree), [repr(T), data(x), None if y is None else data(y)]])
    return out


def mixed(tree, value):
    d = build(tree)
    torch.manual_seed(2)
    grid = {what: attempt(lambda: data(getattr(d, what))) for what in ('mean', 'mode', 'variance', 'stddev')}
    out = {
        **grid,
        'repr': repr(d),
        'support': repr(d.support),
        'logProb': data(d.log_prob(value)),
        'sample': attempt(lambda: data(d.sample((2,)))),
        'cdf': attempt(lambda: data(d.cdf(value))),
        'entropy': attempt(lambda: data(d.entropy())),
        'shapes': [list(d.batch_shape), list(d.event_shape)],
        'rsample': d.has_rsample,
        'expanded': attempt(lambda: data(d.expand((3, *d.batch_shape)).log_prob(value))),
    }
    torch.manual_seed(3)
    out['wide'] = attempt(lambda: data(d.expand((3, *d.batch_shape)).sample()))
    return [told(tree), data(value, 17), out]


def made():
    torch.manual_seed(4)
    n, r = torch.randn, torch.rand
    normal = ['Normal', n(2, 3), r(2, 3) + 0.1]
    over = lambda base, *list_: ['TransformedDistribution', base, list(list_)]
    return [
        mixed(['MixtureSameFamily', ['Categorical', r(3)], ['Normal', n(3), r(3) + 0.1]], n(4)),
        mixed(['MixtureSameFamily', ['Categorical', r(2, 3)], normal], n(4, 2)),
        mixed(['MixtureSameFamily', ['Categorical', r(3)], ['Normal', n(2, 3), r(2, 3) + 0.1]], n(4, 2)),
        mixed(['MixtureSameFamily', ['Categorical', r(3)], ['Independent', ['Normal', n(3, 2), r(3, 2) + 0.1], 1]], n(4, 2)),
        mixed(['MixtureSameFamily', ['Categorical', r(5, 3)], ['MultivariateNormal', n(5, 3, 2), torch.eye(2)]], n(5, 2)),
        mixed(['MixtureSameFamily', ['Categorical', r(3)], ['Poisson', r(3) * 5]], t([0.0, 3.0])),
        mixed(['MixtureSameFamily', ['Categorical', r(3)], ['Exponential', r(3) * 5]], r(4)),
        mixed(['Independent', ['Gumbel', n(2, 3), r(2, 3) + 0.1], 1], n(2, 3)),
        mixed(['Independent', ['Bernoulli', r(2, 3)], 2], t([[0.0, 1, 0], [1, 1, 0]])),
        mixed(['Independent', ['Pareto', r(2, 3), r(2, 3) + 0.1], 0], r(2, 3) + 1),
        mixed(over(normal, ['TanhTransform']), r(2, 3) * 0.9),
        mixed(over(normal, ['ReshapeTransform', [2, 3], [3, 2]]), n(3, 2)),
        mixed(over(normal, ['AffineTransform', 1.0, -3.0], ['SigmoidTransform']), r(2, 3)),
        mixed(over(normal, ['AffineTransform', n(2, 2, 3), 2.0]), n(2, 2, 3)),
        mixed(over(['Normal', n(6), r(6) + 0.1], ['CorrCholeskyTransform']), D.LKJCholesky(4).sample((2,))),
        mixed(over(['Independent', normal, 1], ['ExpTransform'], ['StickBreakingTransform']), n(2, 4).softmax(-1) * 0 + t([0.7, 0.25, 0.03, 0.02])),
        mixed(over(['Uniform', torch.zeros(3), torch.ones(3)], ['inv', ['CumulativeDistributionTransform', ['Normal', n(3), r(3) + 0.1]]]), n(3)),
    ]


def bad():
    """What is said to arguments that are wrong: the tree, then the message."""
    two = lambda a, b: t([a, b])
    trees = [
        ['Bernoulli', t([1.1, 0.2, 0.4])], ['Bernoulli', t([-0.5])], ['Bernoulli', 1.00001], ['Bernoulli', {'logits': t([math.nan])}],
        ['Beta', t([0.0]), t([0.0])], ['Beta', t([-1.0]), t([-2.0])], ['Binomial', t([-0.0000001]), t([0.5])], ['Binomial', t([2]), t([1.1])], ['Binomial', -3, 0.5],
        ['Categorical', t([-0.1, 0.2, 0.3])], ['Categorical', t([[-1.0, 10.0], [0.0, -1.0]])], ['Categorical', {'logits': t([math.nan, 1.0])}],
        ['Cauchy', 0.0, -1.0], ['Cauchy', 0.0, 0.0], ['Cauchy', t([math.nan]), 1.0], ['Chi2', t([0.0])], ['Chi2', t([-2.0])],
        ['ContinuousBernoulli', t([math.nan])], ['Dirichlet', t([0.0])], ['Dirichlet', t([[1.0, -1.0]])],
        ['Exponential', t([0.0, 1.0])], ['Exponential', -1.0], ['FisherSnedecor', two(0.0, -1.0), t([1.0])], ['FisherSnedecor', 1.0, -2.0],
        ['Gamma', two(0.0, 0.0), 1.0], ['Gamma', 1.0, two(-1.0, 1.0)], ['GeneralizedPareto', 0.0, t([-1.0]), 0.1], ['GeneralizedPareto', 0.0, 1.0, t([math.nan])],
        ['Geometric', t([1.1])], ['Geometric', t([-0.3])], ['Geometric', t([0.0, 0.5])], ['Geometric', 1.00001], ['Gumbel', t([1.0]), t([0.0])], ['Gumbel', t([1.0]), t([-1.0])],
        ['HalfCauchy', t([0.0])], ['HalfCauchy', -1.0], ['HalfNormal', t([-1.0, 1.0])], ['InverseGamma', t([0.0]), t([1.0])], ['InverseGamma', 1.0, -1.0],
        ['Kumaraswamy', t([0.0]), t([1.0])], ['Kumaraswamy', 1.0, -2.0], ['Laplace', 0.0, t([0.0])], ['LogNormal', t([1.0]), t([-1.0])], ['LogisticNormal', t([1.0]), t([0.0])],
        ['LowRankMultivariateNormal', torch.zeros(2), torch.ones(2, 1), two(1.0, -1.0)],
        ['LowRankMultivariateNormal', torch.zeros(2), torch.ones(3, 1), torch.ones(2)], ['LowRankMultivariateNormal', torch.zeros(2), torch.ones(2, 1), torch.ones(3)],
        ['LKJCholesky', 1, 1.0], ['LKJCholesky', 3, -1.0], ['MultivariateNormal', torch.zeros(2), t([[1.0, 2.0], [2.0, 1.0]])], ['MultivariateNormal', t([math.nan, 1.0]), torch.eye(2)],
        ['MultivariateNormal', torch.zeros(2), {'scale_tril': t([[1.0, 2.0], [2.0, 1.0]])}], ['MultivariateNormal', torch.zeros(2), {'precision_matrix': t([[-1.0, 0.0], [0.0, 1.0]])}],
        ['NegativeBinomial', t([-1.0]), t([0.5])], ['NegativeBinomial', 2.0, t([1.0])], ['NegativeBinomial', 2.0, t([1.5, 0.5])],
        ['Normal', 0.0, -1.0], ['Normal', t([1.0, 1.0]), two(0.0, 1.0)], ['OneHotCategorical', t([-0.1, 0.2])], ['Pareto', 0.0, 0.0], ['Pareto', 1.0, t([0.0, -1.0])], ['Poisson', t([-0.1])],
        ['RelaxedBernoulli', t([1.5]), t([1.7])], ['RelaxedOneHotCategorical', t([0.5]), t([-0.1, 0.2])], ['StudentT', 0.0], ['StudentT', t([1.0, -1.0]), 0.0, 1.0], ['StudentT', 1.0, 0.0, -1.0],
        ['Uniform', t([4.0]), t([3.0])], ['Uniform', 0.0, 0.0], ['VonMises', t([0.0]), t([0.0])], ['VonMises', t([math.nan]), 1.0], ['Weibull', 0.0, 1.0], ['Weibull', 1.0, t([-1.0])],
        ['Wishart', t(1.0), t([[1.0, 0.5], [0.5, 1.0]])], ['Wishart', t(3.0), t([[1.0, 2.0], [2.0, 1.0]])], ['Wishart', 0.5, torch.eye(2)],
        ['MixtureSameFamily', ['Categorical', torch.ones(2)], ['Normal', torch.zeros(3), 1.0]], ['MixtureSameFamily', ['Categorical', torch.ones(2, 3)], ['Normal', torch.zeros(3, 3), 1.0]],
        ['Independent', ['Normal', t(0.0), 1.0], 1], ['ReshapeTransform', [2], [3]],
    ]
    out = []
    for tree in trees:
        try:
            build(tree)
        except (ValueError, AssertionError) as e:
            out.append([told(tree), str(e)])
            continue
        raise AssertionError(f'not bad: {tree}')
    return out


def bad_values():
    """What is said to values outside of the support, or of the wrong shape: the tree, the value, the message."""
    pairs = [
        (['Bernoulli', t([0.5, 0.5])], t([0.0, 0.5])), (['Beta', 1.0, t([2.0])], t([1.5])), (['Binomial', 5, t([0.5])], t([6.0])), (['Binomial', 5, t([0.5])], t([1.5])),
        (['Categorical', torch.ones(3)], t([0, 3])), (['Categorical', torch.ones(3)], t([-1.0])), (['Cauchy', 0.0, 1.0], t([math.nan])), (['Chi2', t([2.0])], t([-1.0])),
        (['ContinuousBernoulli', t([0.5])], t([1.5])), (['Dirichlet', torch.ones(2)], t([0.5, 0.6])), (['Dirichlet', torch.ones(2)], t([0.5, 0.25, 0.25])), (['Exponential', 1.0], t(-1.0)),
        (['FisherSnedecor', 1.0, 2.0], t([0.0])), (['Gamma', 1.0, t([1.0, 2.0])], t([-1.0, 1.0])), (['GeneralizedPareto', 0.0, 1.0, t([-0.5, 0.5])], t([3.0, 3.0])), (['Geometric', t([0.5])], t([-1.0])),
        (['Gumbel', 0.0, 1.0], t([math.nan])), (['HalfCauchy', 1.0], t([-1.0])), (['HalfNormal', 1.0], t([-1.0])), (['InverseGamma', 1.0, 1.0], t([0.0])), (['Kumaraswamy', 1.0, 2.0], t([1.5])),
        (['LogNormal', 0.0, 1.0], t([-1.0])), (['LogisticNormal', torch.zeros(2), torch.ones(2)], t([0.5, 0.5, 0.5])), (['LowRankMultivariateNormal', torch.zeros(2), torch.ones(2, 1), torch.ones(2)], t([math.nan, 1.0])),
        (['LKJCholesky', 2, 1.0], torch.eye(2) * 2), (['MixtureSameFamily', ['Categorical', torch.ones(2)], ['Exponential', torch.ones(2)]], t([-1.0])), (['Multinomial', 3, torch.ones(2)], t([2.0, 2.0])),
        (['MultivariateNormal', torch.zeros(2), torch.eye(2)], torch.zeros(3)), (['NegativeBinomial', 2.0, t([0.5])], t([-1.0])), (['Normal', torch.zeros(2), 1.0], torch.zeros(3)), (['OneHotCategorical', torch.ones(2)], t([1.0, 1.0])),
        (['Pareto', 1.0, 2.0], t([0.5])), (['Poisson', t([1.0])], t([0.5])), (['RelaxedBernoulli', t([1.0]), t([0.5])], t([1.5])), (['RelaxedOneHotCategorical', t([1.0]), torch.ones(2)], t([0.5, 0.6])),
        (['StudentT', 1.0], t([math.nan])), (['Uniform', 0.0, t([1.0, 2.0])], t([1.5, 2.5])), (['VonMises', 0.0, 1.0], t([math.nan])), (['Weibull', 1.0, 1.0], t([0.0])), (['Wishart', 3.0, torch.eye(2)], -torch.eye(2)),
    ]
    out = []
    for tree, value in pairs:
        d = build(tree)
        try:
            d.log_prob(value)
        except ValueError as e:
            out.append([told(tree), data(value), str(e)])
            continue
        raise AssertionError(f'not bad: {tree}')
    return out


def main():
    torch.set_default_dtype(torch.float64)
    FILE.write_text(json.dumps({'transforms': transforms(), 'constraints': constraints(), 'registries': registries(), 'made': made(), 'bad': bad(), 'badValues': bad_values()}, separators=(',', ':')) + '\n')
    print(f'{FILE.stat().st_size / 1e3:.0f} KB')


if __name__ == '__main__':
    main()
