// Transforms, constraints, registries of them, distributions made of others and messages about bad arguments, against
// PyTorch's stored answers (test/oracle/transforms.json, by scripts/oracle-transforms.py).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, test } from 'vitest';
import * as torch from '../lib/index.ts';
import { build, type Data, expectData, type Tree, tensor } from './distribution-trees.ts';
import { expectClose, flat } from './helpers.ts';

type Maybe<T> = T | null;
interface TransformAnswers {
  x: Data;
  y: Data;
  back: Data;
  slope: Data;
  jacobian: Maybe<Data>;
  sign: Maybe<Data | number>;
  bijective: boolean;
  domain: [string, Maybe<number>];
  codomain: [string, Maybe<number>];
  allowed: Maybe<Data>;
  repr: string;
  shapes: [Maybe<number[]>, Maybe<number[]>];
}
interface MadeAnswers {
  mean: Maybe<Data>;
  mode: Maybe<Data>;
  variance: Maybe<Data>;
  stddev: Maybe<Data>;
  repr: string;
  support: string;
  logProb: Data;
  sample: Maybe<Data>;
  cdf: Maybe<Data>;
  entropy: Maybe<Data>;
  shapes: [number[], number[]];
  rsample: boolean;
  expanded: Maybe<Data>;
  wide: Maybe<Data>;
}
interface Stored {
  transforms: [Tree, TransformAnswers][];
  constraints: [Data[], [Tree, string, boolean, number, Maybe<Data>[]][]];
  registries: [boolean, Tree, Maybe<[string, Data, Maybe<Data>]>][];
  made: [Tree, Data, MadeAnswers][];
  bad: [Tree, string][];
  badValues: [Tree, Data, string][];
}
const stored = JSON.parse(readFileSync(new URL('./oracle/transforms.json', import.meta.url), 'utf8')) as Stored;
const D = torch.distributions;
// as in the script, for numbers and for what prints
beforeAll(() => torch.setDefaultDtype('float64'));
afterAll(() => torch.setDefaultDtype('float32'));
const { constraints: C } = D;
type Transform = torch.distributions.Transform;
type Constraint = torch.distributions.constraints.Constraint;

/** PyTorch also shows what it computed from probabilities since. */
const shown = (text: string): string =>
  text.replace(/(?<=probs: torch\.Size\(\[[^\]]*\]\)), logits: torch\.Size\(\[[^\]]*\]\)/, '');
const attempt = <T>(f: () => T): T | null => {
  try {
    return f();
  } catch {
    return null;
  }
};
const numbered = <T extends unknown[]>(list: T[]): [string, ...T][] =>
  list.map((row, i) => [`${row.find((x) => Array.isArray(x))?.[0]} ${i}`, ...row]);

describe('transforms are those of PyTorch', () => {
  test.each(numbered(stored.transforms))('%s', (_, tree, answers) => {
    const t = build(tree) as Transform;
    const x = tensor(answers.x).requiresGrad_();
    const y = t.forward(x);
    expectData(y, answers.y, 'y');
    expectData(t.inverse(y.detach()), answers.back, 'x of y', 1e-7);
    expectData(t.inv.forward(y.detach()), answers.back, 'inv', 1e-7);
    const weights = torch.arange(1, y.numel() + 1, { dtype: 'float64' }).reshape(y.sizes);
    expectData(torch.autograd.grad(y.mul(weights).sum(), [x], { retainGraph: true })[0]!, answers.slope, 'slope');
    if (answers.jacobian) {
      expectData(t.logAbsDetJacobian(x, y), answers.jacobian, 'jacobian');
      expectData(t.inv.logAbsDetJacobian(y, x).neg(), answers.jacobian, 'jacobian of the inverse', 1e-6);
    } else assert.throws(() => t.logAbsDetJacobian(x, y), { name: 'TypeError', message: /not implemented/ });
    if (typeof answers.sign === 'number') assert.equal(Number(t.sign), answers.sign);
    else if (answers.sign) expectClose(flat(t.sign as torch.Tensor), answers.sign.v.map(Number), 0, 'sign');
    assert.equal(t.bijective, answers.bijective);
    for (const side of ['domain', 'codomain'] as const)
      assert.deepEqual([String(t[side]), t[side].eventDim], answers[side], side);
    const allowed = attempt(() => t.codomain.check(y.detach()));
    if (answers.allowed) expectData(allowed!, answers.allowed, 'allowed');
    assert.equal(String(t), answers.repr);
    const shapes = [attempt(() => [...t.forwardShape(x.sizes)]), attempt(() => [...t.inverseShape(y.sizes)])];
    assert.deepEqual(shapes, answers.shapes);
    assert.ok(t.equals(t) && t.inv.inv.equals(t) && !t.equals(new D.TanhTransform().inv));
  });

  test.each(numbered(stored.transforms))('%s with a cache', (_, tree, answers) => {
    const t = (build(tree) as Transform).withCache();
    assert.equal(t.cacheSize, 1);
    assert.ok(t.withCache(1) === t && t.withCache(0).cacheSize === 0);
    const x = tensor(answers.x);
    const y = t.forward(x);
    expectData(y, answers.y, 'y');
    if (tree[0] !== 'identityTransform') assert.ok(t.inverse(y) === x && t.forward(x) === y);
    assert.ok(t.inv.forward(y) === x);
  });

  test('a cache keeps what an inverse would lose', () => {
    const x = torch.tensor([20], { dtype: 'float32' });
    const t = new D.TanhTransform({ cacheSize: 1 });
    assert.equal(t.inverse(t.forward(x)).item(), 20);
    assert.equal(new D.TanhTransform().inverse(t.forward(x)).item(), Number.POSITIVE_INFINITY);
    const d = new D.TransformedDistribution(new D.Normal(20, 1), t);
    torch.manualSeed(0);
    assert.ok(Number.isFinite(d.logProb(d.rsample()).item() as number));
    assert.throws(() => new D.TanhTransform({ cacheSize: 2 }), {
      name: 'RangeError',
      message: /^TanhTransform: cache_size must be 0 or 1/,
    });
  });
});

describe('constraints are those of PyTorch', () => {
  const values = stored.constraints[0].map(tensor);
  test.each(numbered(stored.constraints[1]))('%s', (_, tree, repr, isDiscrete, eventDim, answers) => {
    const c = build(tree) as Constraint;
    assert.deepEqual([String(c), c.isDiscrete, c.eventDim], [repr, isDiscrete, eventDim]);
    answers.forEach((wanted, i) => {
      if (wanted) expectData(c.check(values[i]!), wanted, `${repr} of ${values[i]}`);
    });
  });
  test('that depend on others are not checked', () => {
    assert.ok(C.isDependent(C.dependent) && !C.isDependent(C.real));
    assert.throws(() => C.dependent.check(torch.ones(1)), { name: 'TypeError', message: /dependent constraint/ });
  });
});

describe('registries of transforms are those of PyTorch', () => {
  test.each(numbered(stored.registries))('%s', (_, bijective, tree, answers) => {
    const registry = bijective ? D.bijectTo : D.transformTo;
    const c = build(tree) as Constraint;
    if (answers === null) {
      assert.throws(() => registry(c), { name: 'TypeError', message: /^(bijectTo|transformTo): Cannot transform/ });
      return;
    }
    const t = registry(c);
    assert.equal(String(t), answers[0]);
    if (!answers[2]) return;
    const y = t.forward(tensor(answers[1]));
    expectData(y, answers[2], 'y');
    assert.ok(c.check(y).all().item());
  });
  test('learn new constraints', () => {
    class Even extends C.Constraint {
      override check(value: torch.Tensor): torch.Tensor {
        return value.remainder(2).eq(0);
      }
    }
    D.bijectTo.register(Even, () => new D.AffineTransform(0, 2));
    assert.equal(
      D.bijectTo(new Even())
        .forward(torch.tensor([1.5]))
        .item(),
      3,
    );
    assert.throws(() => D.transformTo(new Even()), {
      name: 'TypeError',
      message: 'transformTo: Cannot transform Even constraints',
    });
    assert.throws(() => D.bijectTo.register(3 as never, () => new D.TanhTransform()), {
      name: 'TypeError',
      message: /^register: Expected constraint/,
    });
  });
});

describe('distributions made of others are those of PyTorch', () => {
  test.each(numbered(stored.made))('%s', (_, tree, valueData, answers) => {
    const d = build(tree) as torch.distributions.Distribution;
    const value = tensor(valueData);
    assert.equal(String(d), shown(answers.repr));
    assert.equal(String(d.support), answers.support);
    assert.deepEqual([[...d.batchShape], [...d.eventShape]], answers.shapes);
    assert.equal(d.hasRsample, answers.rsample);
    for (const what of ['mean', 'mode', 'variance', 'stddev'] as const) {
      const wanted = answers[what];
      if (wanted) expectData(d[what], wanted, what);
      else assert.throws(() => d[what], { name: 'TypeError', message: /not implemented/ });
    }
    expectData(d.logProb(value), answers.logProb, 'logProb');
    for (const [what, f] of [
      ['cdf', () => d.cdf(value)],
      ['entropy', () => d.entropy()],
    ] as const) {
      const wanted = answers[what];
      if (wanted) expectData(f(), wanted, what);
    }
    torch.manualSeed(2);
    if (answers.sample) expectData(d.sample([2]), answers.sample, 'sample', 1e-8);
    const wide = d.expand([3, ...d.batchShape]);
    if (answers.expanded) expectData(wide.logProb(value), answers.expanded, 'expanded');
    torch.manualSeed(3);
    if (answers.wide) expectData(wide.sample(), answers.wide, 'sample of the expanded one', 1e-8);
  });
});

describe('bad arguments are refused as by PyTorch', () => {
  /** Without the distribution, whose parent PyTorch may show, and with parameters in camel case. */
  const plain = (message: string): string =>
    message
      .replace(/^\w+: /, '')
      .replace(/ of distribution [\s\S]*? to (satisfy|be) /, ' to $1 ')
      .replace(/(?<=parameter )\w+/, (name) => name.replace(/_(\w)/g, (__, c: string) => c.toUpperCase()))
      .replaceAll('cov_', 'cov')
      .toLowerCase()
      .trim();
  /** Where PyTorch names the parameter of the distribution that it is made of, or gives no shapes. */
  const parent = /^((Beta|FisherSnedecor|LKJCholesky): .*concentration|Pareto: .*rate|ReshapeTransform:)/;
  test.each(numbered(stored.bad))('%s', (_, tree, message) => {
    assert.throws(
      () => build(tree),
      (e) => {
        assert.ok(e instanceof RangeError || e instanceof torch.ShapeError || e instanceof TypeError, String(e));
        assert.ok(e.message.startsWith(`${tree[0]}: `), e.message);
        if (!parent.test(`${tree[0]}: ${message}`)) assert.equal(plain(e.message), plain(message));
        return true;
      },
    );
  });
  test.each(numbered(stored.badValues))('values outside of %s', (_, tree, value, message) => {
    const d = build(tree) as torch.distributions.Distribution;
    assert.throws(
      () => d.logProb(tensor(value)),
      (e) => {
        assert.ok(e instanceof RangeError || e instanceof torch.ShapeError, String(e));
        assert.ok(e.message.startsWith('logProb: '), e.message);
        assert.equal(e.message.slice('logProb: '.length), shown(message));
        return true;
      },
    );
  });
});
