// torch.distributions against PyTorch's stored answers (test/oracle/distributions.json, by
// scripts/oracle-distributions.py): densities, entropies and divergences with their gradients, moments, and samples.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { DTypeName } from '../lib/dtype.ts';
import * as torch from '../lib/index.ts';
import { standardGamma } from '../lib/random-distributions.ts';
import { expectClose, flat } from './helpers.ts';

interface Data {
  v: (number | string)[];
  s: number[];
  d: DTypeName;
}
type WithGradients = [Data, (Data | null)[] | null];
interface Answers {
  repr: string;
  logProb: WithGradients;
  entropy?: WithGradients;
  mean?: Data;
  mode?: Data;
  variance?: Data;
  stddev?: Data;
  cdf?: Data;
  icdf?: [Data, Data];
  support?: [Data, Data];
  sample?: Data;
  rsample?: WithGradients;
  shapes: [number[], number[]];
  expanded: [number[], Data];
}
type Given = Record<string, Data | number | number[]>;
interface Stored {
  cases: [string, Given, Data, Answers][];
  composed: {
    loc: Data;
    scale: Data;
    made: Record<string, [Data, Data, Data, Data | null, number[], number[]]>;
  };
  kl: {
    p: Record<string, Given>;
    q: Record<string, Given>;
    pairs: [string, string, Data | null, (Data | null)[] | null, false | [Data | null, Data | null]][];
  };
  draws: Record<'gamma' | 'dirichlet' | 'poisson' | 'binomial' | 'gamma32', Data[]>;
}
const stored = JSON.parse(readFileSync(new URL('./oracle/distributions.json', import.meta.url), 'utf8')) as Stored;
const D = torch.distributions;
const tensor = ({ v, s, d }: Data): torch.Tensor => torch.tensor(v.map(Number), { dtype: d }).reshape(s);
function expectData(got: torch.Tensor, wanted: Data, what: string, tolerance = 1e-9): void {
  assert.equal(`${got.dtype}[${got.sizes}]`, `${wanted.d}[${wanted.s}]`, what);
  expectClose(flat(got), wanted.v.map(Number), tolerance, what);
}
function expectGradients(
  y: torch.Tensor,
  inputs: readonly torch.Tensor[],
  wanted: (Data | null)[] | null,
  what: string,
  tolerance?: number,
): void {
  if (wanted === null) return;
  const grads = torch.autograd.grad(y.sum(), [...inputs], { allowUnused: true, retainGraph: true });
  wanted.forEach((w, i) => {
    if (w === null) return;
    expectData(grads[i] ?? torch.zerosLike(inputs[i]!), w, `${what}, gradient ${i}`, tolerance);
  });
}
function build(name: string, given: Given, grad = false): [torch.distributions.Distribution, torch.Tensor[]] {
  const params: torch.Tensor[] = [];
  const options = Object.fromEntries(
    Object.entries(given).map(([k, v]) => {
      if (typeof v === 'number' || Array.isArray(v)) return [k, v];
      const x = tensor(v);
      if (grad && x.dtype === 'float64') params.push(x.requiresGrad_());
      return [k, x];
    }),
  );
  const Class = Reflect.get(D, name) as new (...args: unknown[]) => torch.distributions.Distribution;
  return [new Class(options), params];
}

describe('distributions are those of PyTorch', () => {
  test.each(
    stored.cases.map(
      ([name, given, ...rest], i) => [`${name}(${Object.keys(given)}) ${i}`, name, given, ...rest] as const,
    ),
  )('%s', (_, name, given, valueData, answers) => {
    const [d, params] = build(name, given, true);
    assert.equal(String(build(name, given)[0]), answers.repr);
    assert.deepEqual([[...d.batchShape], [...d.eventShape]], answers.shapes);
    const value = tensor(valueData);
    if ((answers.logProb[1]?.length ?? 0) > params.length) value.requiresGrad_();
    const logProb = d.logProb(value);
    expectData(logProb, answers.logProb[0], 'logProb');
    expectGradients(logProb, value.requiresGrad ? [...params, value] : params, answers.logProb[1], 'logProb');
    if (answers.entropy) {
      const entropy = d.entropy();
      expectData(entropy, answers.entropy[0], 'entropy');
      expectGradients(entropy, params, answers.entropy[1], 'entropy');
    } else assert.throws(() => d.entropy(), { name: 'TypeError', message: /^entropy: / });
    for (const what of ['mean', 'mode', 'variance', 'stddev'] as const) {
      const wanted = answers[what];
      if (wanted) expectData(d[what], wanted, what);
    }
    if (answers.cdf) expectData(d.cdf(value), answers.cdf, 'cdf');
    if (answers.icdf) expectData(d.icdf(tensor(answers.icdf[0])), answers.icdf[1], 'icdf');
    assert.equal(d.hasEnumerateSupport && answers.support !== undefined, answers.support !== undefined);
    if (answers.support) {
      expectData(d.enumerateSupport(), answers.support[0], 'support');
      expectData(d.enumerateSupport(false), answers.support[1], 'support, not expanded');
    }
    torch.manualSeed(3);
    expectData(d.sample([3]), answers.sample!, 'sample', 1e-8);
    assert.ok(
      d.support
        .check(d.sample([20]))
        .all()
        .item(),
    );
    assert.equal(d.hasRsample, answers.rsample !== undefined);
    if (answers.rsample) {
      torch.manualSeed(4);
      const s = d.rsample(2 as never);
      expectData(s, answers.rsample[0], 'rsample', 1e-8);
      const weights = torch.arange(1, s.numel() + 1, { dtype: 'float64' }).reshape(s.sizes);
      // PyTorch's implicit gradients are approximations to three digits
      const rough = /Gamma|Chi2|Beta|Dirichlet|StudentT|Snedecor|Wishart/.test(name);
      expectGradients(s.mul(weights), params, answers.rsample[1], 'rsample', rough ? 2e-3 : 1e-8);
    } else assert.throws(() => d.rsample(), { name: 'TypeError', message: /^rsample: not implemented by/ });
    const expanded = d.expand([2, ...d.batchShape]);
    assert.deepEqual([...expanded.batchShape], answers.expanded[0]);
    expectData(expanded.logProb(value), answers.expanded[1], 'expanded');
  });
});

test('distributions made of others', () => {
  const [loc, scale] = [tensor(stored.composed.loc), tensor(stored.composed.scale)];
  const base = new D.Normal(loc, scale);
  const over = (
    b: torch.distributions.Distribution,
    ...t: torch.distributions.Transform[]
  ): torch.distributions.Distribution => new D.TransformedDistribution(b, t);
  const made: Record<string, torch.distributions.Distribution> = {
    independent: new D.Independent(base, 1),
    affine: over(base, new D.AffineTransform(1, -2)),
    sigmoid: over(base, new D.AffineTransform(0.5, 2), new D.SigmoidTransform()),
    softplus: over(base, new D.SoftplusTransform()),
    tanh: over(base, new D.TanhTransform()),
    power: over(new D.Exponential(scale), new D.PowerTransform(torch.tensor(2, { dtype: 'float64' }))),
    inverse: over(new D.LogNormal(loc, scale), new D.ExpTransform().inv),
    stick: over(base, new D.StickBreakingTransform()),
  };
  for (const [name, [value, logProb, sample, cdf, batch, event]] of Object.entries(stored.composed.made)) {
    const d = made[name]!;
    assert.deepEqual([[...d.batchShape], [...d.eventShape]], [batch, event], name);
    expectData(d.logProb(tensor(value)), logProb, `logProb of ${name}`);
    torch.manualSeed(2);
    expectData(d.sample(), sample, `sample of ${name}`, 1e-8);
    if (cdf !== null) expectData(d.cdf(tensor(value)), cdf, `cdf of ${name}`);
    const wide = d.expand([4, ...batch]);
    assert.deepEqual([...wide.sample([2]).sizes], [2, 4, ...batch, ...event], name);
  }
  assert.equal(String(made.independent), 'Independent(Normal(loc: torch.Size([2, 3]), scale: torch.Size([2, 3])), 1)');
});

test('what they are made of may come by name', () => {
  const baseDistribution = new D.Normal(torch.zeros(2, 3), 1);
  assert.deepEqual([...new D.Independent(baseDistribution, { reinterpretedBatchNdims: 1 }).eventShape], [3]);
  const transforms = [new D.StickBreakingTransform()];
  assert.deepEqual([...new D.TransformedDistribution({ baseDistribution, transforms }).eventShape], [4]);
  assert.equal(new D.AffineTransform({ loc: 1, scale: 2 }).forward(torch.tensor([1.5])).item(), 4);
});

test("gradients of Wishart's samples are those of differences", () => {
  const l = torch.tensor([1.5, 0, 0.5, 0.75], { dtype: 'float64', requiresGrad: true }).reshape(2, 2);
  const draw = (scaleTril: torch.Tensor): torch.Tensor => {
    torch.manualSeed(1);
    const d = new D.Wishart({ df: torch.tensor([3.5, 5], { dtype: 'float64' }), scaleTril, validateArgs: false });
    return d.rsample([2]).sum();
  };
  assert.ok(torch.autograd.gradcheck(draw, [l.detach().requiresGrad_()]));
});

test('transforms agree with their inverses and derivatives', () => {
  const x = torch.tensor(
    [
      [0.3, -1.2, 2.0],
      [1.5, -0.25, 0.75],
    ],
    { dtype: 'float64', requiresGrad: true },
  );
  const affine = new D.AffineTransform(0.5, -2);
  for (const t of [
    new D.ExpTransform(),
    new D.SigmoidTransform(),
    new D.SoftplusTransform(),
    new D.TanhTransform(),
    affine,
    affine.inv,
    new D.ComposeTransform([affine, new D.ExpTransform()]),
  ]) {
    const y = t.forward(x);
    expectClose(flat(t.inverse(y)), flat(x), 1e-9, `${t} undone`);
    const [slope] = torch.autograd.grad(y.sum(), [x]);
    expectClose(flat(t.logAbsDetJacobian(x, y)), flat(slope!.abs().log()), 1e-9, `${t} stretches`);
    assert.ok(t.inv.inv.equals(t) && t.equals(t) && !t.equals(new D.AbsTransform()));
  }
  assert.ok(affine.equals(new D.AffineTransform(0.5, -2)) && !affine.equals(new D.AffineTransform(0.5, 2)));
});

describe('what is computed when it is first read', () => {
  const logits = (): torch.Tensor => torch.tensor([0.1, 0.7, -0.4], { dtype: 'float64', requiresGrad: true });
  const made: [string, (x: torch.Tensor) => torch.distributions.Distribution][] = [
    ['Categorical', (x) => new D.Categorical({ logits: x })],
    ['OneHotCategorical', (x) => new D.OneHotCategorical({ logits: x })],
    ['Bernoulli', (x) => new D.Bernoulli({ logits: x })],
    ['Geometric', (x) => new D.Geometric({ logits: x })],
    ['Bernoulli by probs', (x) => new D.Bernoulli(x.sigmoid())],
  ];
  test.each(made)('has gradients after sample, too: %s', (_, make) => {
    const [fresh, sampled] = [logits(), logits()];
    make(fresh).entropy().sum().backward();
    const d = make(sampled);
    d.sample();
    torch.noGrad(() => d.entropy());
    d.entropy().sum().backward();
    assert.deepEqual(flat(sampled.grad!), flat(fresh.grad!));
    const q = make(logits());
    torch.noGrad(() => [Reflect.get(q, 'probs'), Reflect.get(q, 'logits')]);
    assert.ok((Reflect.get(q, 'probs') as torch.Tensor).requiresGrad, 'probs');
    assert.ok((Reflect.get(q, 'logits') as torch.Tensor).requiresGrad, 'logits');
  });

  // PyTorch's lines
  test('is shown from then on', () => {
    const categorical = new D.Categorical(torch.tensor([0.25, 0.75]));
    assert.equal(`${categorical}`, 'Categorical(probs: torch.Size([2]))');
    categorical.entropy();
    assert.equal(`${categorical}`, 'Categorical(probs: torch.Size([2]), logits: torch.Size([2]))');
    assert.equal(`${categorical.expand([3])}`, 'Categorical(probs: torch.Size([3, 2]), logits: torch.Size([3, 2]))');
    const geometric = new D.Geometric(0.25);
    geometric.logProb(torch.tensor(1, { dtype: 'float32' }));
    assert.equal(`${geometric}`, 'Geometric(probs: 0.25)');
    geometric.entropy();
    assert.equal(`${geometric}`, 'Geometric(probs: 0.25, logits: -1.0986123085021973)');
    assert.equal(`${geometric.expand([2])}`, 'Geometric(probs: torch.Size([2]), logits: torch.Size([2]))');
    const normal = new D.MultivariateNormal(torch.zeros(2), { scaleTril: torch.eye(2) });
    assert.equal(normal.covarianceMatrix, normal.covarianceMatrix);
    const shown = 'MultivariateNormal(loc: torch.Size([2]), covariance_matrix: torch.Size([2, 2]), ';
    assert.equal(`${normal}`, `${shown}scale_tril: torch.Size([2, 2]))`);
    assert.ok(normal.precisionMatrix.equal(torch.eye(2)));
    assert.equal(`${normal}`, `${shown}precision_matrix: torch.Size([2, 2]), scale_tril: torch.Size([2, 2]))`);
    const covariance = new D.MultivariateNormal(torch.zeros(2), torch.eye(2));
    assert.equal(
      `${covariance.expand([3])}`,
      'MultivariateNormal(loc: torch.Size([3, 2]), covariance_matrix: torch.Size([3, 2, 2]))',
    );
    const wishart = new D.Wishart(torch.tensor([3.5, 4]), { scaleTril: torch.eye(2) });
    assert.equal(wishart.mean.dim(), 3);
    assert.equal(
      `${wishart}`,
      'Wishart(covariance_matrix: torch.Size([2, 2, 2]), scale_tril: torch.Size([2, 2, 2]), df: torch.Size([2]))',
    );
  });

  test('parameters that have the shape of the batch already are kept', () => {
    const [loc, scale] = [torch.zeros(2, { requiresGrad: true }), torch.ones(2)];
    const normal = new D.Normal(loc, scale);
    assert.equal(normal.loc, loc);
    assert.equal(normal.scale, scale);
    assert.notEqual(new D.Normal(loc, torch.ones(3, 2)).loc, loc);
    const [a, b] = torch.broadcastTensors(loc, torch.ones(3, 2));
    assert.deepEqual([a!.shape.length, b!.shape.length], [2, 2]);
    assert.equal(torch.broadcastTensors(loc, scale)[0], loc);
  });
});

describe('divergences', () => {
  test.each(Object.keys(stored.kl.p))('of %s from all others', (name) => {
    for (const [left, right, wanted, grads, wide] of stored.kl.pairs.filter(([p]) => p === name)) {
      const [p, params] = build(left, stored.kl.p[left]!, true);
      const [q] = build(right, stored.kl.q[right]!);
      const what = `KL of ${left} and ${right}`;
      if (wanted === null) {
        assert.throws(() => D.klDivergence(p, q), { name: 'TypeError', message: /^klDivergence: / }, what);
        continue;
      }
      const y = D.klDivergence(p, q);
      expectData(y, wanted, what, 1e-8);
      expectGradients(y, params, grads, what, 1e-7);
      // of exponential families PyTorch sums over their batches too, where parameters have fewer dims than values
      if (wide === false || left === 'Wishart') continue;
      const [more, most] = [p.expand([3, ...p.batchShape]), q.expand([3, ...q.batchShape])];
      if (wide[0]) expectData(D.klDivergence(p, most).sum(0), wide[0], `${what}, of more`, 1e-7);
      if (wide[1]) expectData(D.klDivergence(more, q).sum(0), wide[1], `more ${what}`, 1e-7);
    }
  });
  test('of parts and of transforms', () => {
    const [a, b] = [new D.Normal(torch.zeros(2, 3), 1), new D.Normal(torch.ones(2, 3), 2)];
    const each = D.klDivergence(a, b);
    expectClose(flat(D.klDivergence(new D.Independent(a, 1), new D.Independent(b, 1))), flat(each.sum(1)), 1e-6, 'sum');
    const t = new D.TanhTransform();
    const same = D.klDivergence(
      new D.TransformedDistribution(a, t),
      new D.TransformedDistribution(b, [new D.TanhTransform()]),
    );
    expectClose(flat(same), flat(each), 1e-6, 'transformed');
    assert.throws(() => D.klDivergence(new D.Independent(a, 1), new D.Independent(b, 2)), /different numbers of dims/);
    assert.throws(
      () => D.klDivergence(new D.TransformedDistribution(a, t), new D.TransformedDistribution(b, new D.ExpTransform())),
      /different transforms/,
    );
  });
});

describe('draws', () => {
  const [poisson, binomial, gamma, gamma32, dirichlet] = (
    ['poisson', 'binomial', 'gamma', 'gamma32', 'dirichlet'] as const
  ).map((k) => stored.draws[k]) as [Data[], Data[], Data[], Data[], Data[]];
  test("are PyTorch's for the same seed", () => {
    torch.manualSeed(6);
    expectData(standardGamma(tensor(gamma[0]!)), gamma[1]!, 'gamma', 1e-10);
    torch.manualSeed(7);
    expectData(torch.poisson(tensor(poisson[0]!)), poisson[1]!, 'poisson', 0);
    expectData(torch.poisson(tensor(poisson[0]!).float()), poisson[2]!, 'poisson, float32', 0);
    expectData(torch.binomial(tensor(binomial[0]!), tensor(binomial[1]!)), binomial[2]!, 'binomial', 0);
    expectData(standardGamma(tensor(gamma32[0]!)), gamma32[1]!, 'gamma, float32', 1e-5);
  });

  test('implicit gradients agree with the distribution functions', () => {
    // dx/da = -(dF/da) / f, by PyTorch's approximation to three digits
    const [a, , slope] = gamma.map(tensor) as [torch.Tensor, torch.Tensor, torch.Tensor];
    torch.manualSeed(6);
    const leaf = a.clone().requiresGrad_();
    standardGamma(leaf).sum().backward();
    expectClose(flat(leaf.grad!.div(slope)), flat(torch.onesLike(slope)), 2e-3, 'gamma');
    assert.throws(
      () => {
        const x = torch.ones(2).requiresGrad_();
        torch.autograd.grad(standardGamma(x).sum(), [x], { createGraph: true })[0]!.sum().backward();
      },
      { name: 'AutogradError', message: /not implemented/ },
    );
    assert.ok(dirichlet.length === 4);
  });

  test('have the moments of their distributions', () => {
    torch.manualSeed(0);
    const n = 20000;
    for (const d of [
      new D.Gamma(0.4, 2),
      new D.Beta(0.5, 3),
      new D.Binomial(30, torch.tensor(0.7)),
      new D.Poisson(3.5),
      new D.Poisson(40),
      new D.StudentT(9, 1, 2),
    ]) {
      const x = d.sample([n]);
      const [mean, variance] = [Number(d.mean.item()), Number(d.variance.item())];
      assert.ok(Math.abs(Number(x.mean().item()) - mean) < 5 * Math.sqrt(variance / n), `mean of ${d}`);
      assert.ok(Math.abs(Number(x.var().item()) / variance - 1) < 0.1, `variance of ${d}`);
    }
    // the gradient of a mean by its parameter
    const a = torch.tensor(1.5, { requiresGrad: true });
    new D.Gamma(a, 2).rsample([n]).mean().backward();
    assert.ok(Math.abs(Number(a.grad!.item()) - 0.5) < 0.02);
  });

  test('refuse what no rate or count is', () => {
    assert.throws(() => torch.poisson(torch.tensor([-1.5])), {
      name: 'RangeError',
      message: /^poisson: .*non-negative/,
    });
    assert.throws(() => torch.poisson(torch.tensor([1, 2])), { name: 'DtypeError' });
    assert.throws(() => torch.binomial(torch.ones(2), torch.ones(2).double()), {
      name: 'DtypeError',
      message: /^binomial: /,
    });
    const odd = torch.tensor([Number.NaN, Number.POSITIVE_INFINITY, 0]);
    assert.deepEqual(flat(standardGamma(odd)).slice(0, 2), [Number.NaN, Number.POSITIVE_INFINITY]);
    assert.deepEqual(flat(torch.binomial(odd, torch.ones(3).mul(Number.NaN))), [Number.NaN, Number.NaN, Number.NaN]);
    assert.throws(() => torch.binomial(torch.tensor([1e30]), torch.tensor([0.5])), { name: 'RangeError' });
    assert.throws(() => standardGamma(torch.tensor([-1.5])), { name: 'RangeError' });
  });
});

describe('arguments are checked', () => {
  const bad: [string, () => unknown, string, RegExp][] = [
    [
      'a scale below 0',
      () => new D.Normal(torch.zeros(2), torch.tensor([1, -1.5])),
      'RangeError',
      /^Normal: Expected parameter scale \(Tensor of shape \(2,\)\) of distribution Normal\(loc: torch\.Size\(\[2\]\), scale: torch\.Size\(\[2\]\)\) to satisfy the constraint GreaterThan\(lower_bound=0\.0\), but found invalid values:\ntensor\(\[ 1\.0000, -1\.5000\]\)/,
    ],
    ['NaN', () => new D.Normal(Number.NaN, 1), 'RangeError', /loc.*Real\(\)/],
    ['no number', () => new D.Normal('1' as never, 1), 'TypeError', /^Normal: expected a number or a Tensor for loc/],
    ['shapes that differ', () => new D.Normal(torch.zeros(2), torch.ones(3)), 'ShapeError', /^Normal: /],
    ['unknown options', () => new D.Normal(0, 1, { sigma: 1 } as never), 'TypeError', /unknown option 'sigma'/],
    [
      'neither probs nor logits',
      () => new D.Bernoulli(),
      'TypeError',
      /^Bernoulli: Either `probs` or `logits` must be specified, but not both/,
    ],
    [
      'both probs and logits',
      () => new D.Categorical(torch.ones(2), torch.ones(2)),
      'TypeError',
      /^Categorical: Either/,
    ],
    [
      'probabilities above 1',
      () => new D.Bernoulli(1.5),
      'RangeError',
      /Interval\(lower_bound=0\.0, upper_bound=1\.0\)/,
    ],
    ['a probability of 0', () => new D.Geometric(torch.tensor([0, 0.5])), 'RangeError', /to be positive/],
    ['bounds that cross', () => new D.Uniform(2, 1), 'RangeError', /low.*LessThan\(upper_bound=1\.0\)/],
    ['0-d probabilities', () => new D.Categorical(torch.tensor(0.5)), 'ShapeError', /at least one-dimensional/],
    ['no covariance', () => new D.MultivariateNormal(torch.zeros(2)), 'TypeError', /Exactly one of/],
    [
      'an indefinite covariance',
      () =>
        new D.MultivariateNormal(
          torch.zeros(2),
          torch.tensor([
            [1, 2.5],
            [2.5, 1],
          ]),
        ),
      'RangeError',
      /PositiveDefinite\(\)/,
    ],
    ['too many dims', () => new D.Independent(new D.Normal(0, 1), 1), 'RangeError', /actual 1 vs 0/],
    [
      'no transform',
      () => new D.TransformedDistribution(new D.Normal(0, 1), [3 as never]),
      'TypeError',
      /must be a Transform/,
    ],
    [
      'values outside',
      () => new D.Exponential(1).logProb(torch.tensor([-1.5])),
      'RangeError',
      /^logProb: Expected value argument \(Tensor of shape \(1,\)\) to be within the support \(GreaterThanEq\(lower_bound=0\.0\)\) of the distribution Exponential\(rate: 1\.0\), but found invalid values:\ntensor\(\[-1\.5000\]\)/,
    ],
    [
      'values that do not broadcast',
      () => new D.Normal(torch.zeros(2), 1).logProb(torch.zeros(3)),
      'ShapeError',
      /not broadcastable/,
    ],
    [
      'values of another event shape',
      () => new D.Dirichlet(torch.ones(3)).logProb(torch.ones(2)),
      'ShapeError',
      /right-most size/,
    ],
    ['a number as value', () => new D.Normal(0, 1).logProb(1 as never), 'TypeError', /must be a Tensor/],
    ['a number as probability', () => new D.Gumbel(0, 1).icdf(0.5 as never), 'TypeError', /^icdf: .*must be a Tensor/],
    ['no shape', () => new D.Normal(0, 1).sample('3' as never), 'TypeError', /expected a shape/],
    ['what it lacks', () => new D.Poisson(1).cdf(torch.ones(1)), 'TypeError', /cdf: not implemented by Poisson/],
    [
      'no distribution',
      () => D.klDivergence(3 as never, new D.Normal(0, 1)),
      'TypeError',
      /^klDivergence: expected a Distribution for p/,
    ],
    [
      'no class',
      () => D.registerKl(Date as never, D.Normal, () => torch.ones(1)),
      'TypeError',
      /^registerKl: Expected a subclass/,
    ],
    [
      'different counts',
      () => new D.Binomial(torch.tensor([1.5, 2]).floor(), 0.5).entropy(),
      'TypeError',
      /Inhomogeneous total count/,
    ],
  ];
  test.each(bad)('%s', (_, f, name, message) => {
    assert.throws(f, { name, message });
  });
  test('unless they are not', () => {
    new D.Normal(0, -1, { validateArgs: false });
    const d = new D.Exponential(1, { validateArgs: false });
    assert.equal(d.logProb(torch.tensor([-1.5])).item(), 1.5);
    D.Distribution.setDefaultValidateArgs(false);
    try {
      new D.Normal(0, -1);
    } finally {
      D.Distribution.setDefaultValidateArgs(true);
    }
    assert.throws(() => new D.Normal(0, -1), { name: 'RangeError' });
  });
});
