// Every collective on every rank, dtype and layout, in the group of all and in parts of it, waited for and not, against the plain
// computation. collectives.test.ts starts it on 1 to 4 ranks; an argument names one part.
import assert from 'node:assert/strict';
import * as torch from '../../../lib/index.ts';
import type { DTypeName } from '../../../lib/dtype.ts';
import { dtypes, filled, layouts, opsOf, reduced, same, valuesOf } from './values.ts';

const d = torch.distributed;
d.initProcessGroup({ backend: 'mpi', timeout: 60 });
const me = d.getRank();
const n = d.getWorldSize();

/** The group of all, all but the last, and the odd and even ones in another order. */
const groups = [
  d.newGroup(),
  d.newGroup(Array.from({ length: Math.max(1, n - 1) }, (_, i) => i)),
  d.newGroup({
    ranks: Array.from({ length: n }, (_, i) => n - 1 - i).filter((r) => r % 2 === (n - 1) % 2),
    sortRanks: false,
  }),
].filter((group) => group !== d.GroupMember.NON_GROUP_MEMBER);

let cases = 0;
/** Makes a call that is waited for, then one that is not, by turns: both of the plainest tensors. */
function both(
  name: string,
  call: (asyncOp: boolean) => torch.distributed.Work | null,
  check: (name: string) => void,
): void {
  const plain = name.includes('float32 dense');
  cases++;
  if (plain || cases % 2 === 0) {
    assert.equal(call(false), null, name);
    check(name);
    if (!plain) return;
  }
  const work = call(true);
  assert.ok(work instanceof d.Work, name);
  assert.equal(work.wait(), true);
  assert.ok(work.isCompleted() && work.isSuccess() && work.exception() === null);
  check(`${name} async`);
}
/** All reductions of the plainest tensors, one of the others. */
const someOps = (dtype: DTypeName, layout: string): torch.distributed.ReduceOp[] =>
  layout === 'dense' ? opsOf(dtype) : [opsOf(dtype)[layout.length % 3]!];

type Context = { group: torch.distributed.ProcessGroup; dtype: DTypeName; layout: string; name: string };
const parts: Readonly<Record<string, (at: Context) => void>> = {
  allReduce: ({ group, dtype, layout, name }) => {
    for (const op of someOps(dtype, layout)) {
      const x = filled(layout, dtype, () => []);
      const lists = group.ranks.map((rank) => valuesOf(rank, x.numel(), dtype));
      const put = (): void => void (x.numel() > 0 && x.copy_(filled(layout, dtype, (k) => valuesOf(me, k, dtype))));
      const version = x.version;
      both(
        `${name} ${op}`,
        (asyncOp) => {
          put();
          return d.allReduce(x, { op, group, asyncOp });
        },
        (what) => same(what, x, reduced(op, dtype, lists)),
      );
      assert.ok(x.version > version);
    }
  },
  broadcast: ({ group, dtype, layout, name }) => {
    for (const src of new Set([group.ranks[0]!, group.ranks.at(-1)!])) {
      let x = filled(layout, dtype, () => []);
      both(
        `${name} from ${src}`,
        (asyncOp) => d.broadcast((x = filled(layout, dtype, (k) => valuesOf(me, k, dtype))), src, group, asyncOp),
        (what) => same(what, x, valuesOf(src, x.numel(), dtype)),
      );
    }
  },
  reduce: ({ group, dtype, layout, name }) => {
    const groupDst = group.size() - 1;
    for (const op of someOps(dtype, layout)) {
      let x = filled(layout, dtype, () => []);
      both(
        `${name} ${op}`,
        (asyncOp) =>
          d.reduce((x = filled(layout, dtype, (k) => valuesOf(me, k, dtype))), { groupDst, op, group, asyncOp }),
        (what) => {
          const lists = group.ranks.map((rank) => valuesOf(rank, x.numel(), dtype));
          same(what, x, group.rank() === groupDst ? reduced(op, dtype, lists) : valuesOf(me, x.numel(), dtype));
        },
      );
    }
  },
  allGather: ({ group, dtype, layout, name }) => {
    const x = filled(layout, dtype, (k) => valuesOf(me, k, dtype));
    let list: torch.Tensor[] = [];
    both(
      name,
      (asyncOp) => d.allGather((list = group.ranks.map(() => filled(layout, dtype, () => []))), x, group, asyncOp),
      (what) => list.forEach((got, i) => same(what, got, valuesOf(group.ranks[i]!, x.numel(), dtype))),
    );
    const whole = torch.zeros(group.size(), ...x.shape, { dtype });
    both(
      `${name} into a tensor`,
      (asyncOp) => d.allGatherIntoTensor(whole.zero_(), x, group, asyncOp),
      (what) =>
        same(
          what,
          whole,
          group.ranks.flatMap((rank) => valuesOf(rank, x.numel(), dtype)),
        ),
    );
  },
  gather: ({ group, dtype, layout, name }) => {
    const x = filled(layout, dtype, (k) => valuesOf(me, k, dtype));
    const dst = group.ranks[0]!;
    let list: torch.Tensor[] | null = null;
    both(
      name,
      (asyncOp) => {
        list = me === dst ? group.ranks.map(() => filled(layout, dtype, () => [])) : null;
        return d.gather(x, list, dst, group, asyncOp);
      },
      (what) => list?.forEach((got, i) => same(what, got, valuesOf(group.ranks[i]!, x.numel(), dtype))),
    );
  },
  scatter: ({ group, dtype, layout, name }) => {
    const groupSrc = group.size() - 1;
    const src = group.ranks[groupSrc]!;
    let x = filled(layout, dtype, () => []);
    const list =
      me === src ? group.ranks.map((rank) => filled(layout, dtype, (k) => valuesOf(rank, k, dtype, 2))) : null;
    both(
      name,
      (asyncOp) => d.scatter((x = filled(layout, dtype, () => [])), { scatterList: list, groupSrc, group, asyncOp }),
      (what) => same(what, x, valuesOf(me, x.numel(), dtype, 2)),
    );
  },
  reduceScatter: ({ group, dtype, layout, name }) => {
    // what rank r gives for rank q
    const part = (r: number, q: number, k: number): number[] => valuesOf(r, k, dtype, q);
    const list = group.ranks.map((q) => filled(layout, dtype, (k) => part(me, q, k)));
    for (const op of someOps(dtype, layout)) {
      let x = filled(layout, dtype, () => []);
      const check = (what: string): void =>
        same(
          what,
          x,
          reduced(
            op,
            dtype,
            group.ranks.map((r) => part(r, me, x.numel())),
          ),
        );
      both(
        `${name} ${op}`,
        (asyncOp) => d.reduceScatter((x = filled(layout, dtype, () => [])), list, op, group, asyncOp),
        check,
      );
      const whole = torch.stack(list);
      both(
        `${name} of a tensor ${op}`,
        (asyncOp) => d.reduceScatterTensor((x = filled(layout, dtype, () => [])), whole, { op, group, asyncOp }),
        check,
      );
    }
  },
  allToAll: ({ group, dtype, layout, name }) => {
    const input = group.ranks.map((q) => filled(layout, dtype, (k) => valuesOf(me, k, dtype, q)));
    let output: torch.Tensor[] = [];
    const expected = (count: number): number[][] => group.ranks.map((r) => valuesOf(r, count, dtype, me));
    both(
      name,
      (asyncOp) => d.allToAll((output = input.map(() => filled(layout, dtype, () => []))), input, group, asyncOp),
      (what) => output.forEach((got, i) => same(what, got, expected(got.numel())[i]!)),
    );
    const from = torch.stack(input);
    const to = torch.zeros(...from.shape, { dtype });
    both(
      `${name} of a tensor`,
      (asyncOp) => d.allToAllSingle(to.zero_(), from, { group, asyncOp }),
      (what) => same(what, to, expected(input[0]!.numel()).flat()),
    );
  },
};

/** More ranks try what depends on their number: of each dtype one layout besides the plain one. */
function layoutsOf(dtype: DTypeName): readonly string[] {
  const [plain, ...others] = Object.keys(layouts) as [string, ...string[]];
  return n <= 2 ? [plain, ...others] : [plain, others[(dtypes.indexOf(dtype) + n) % others.length]!];
}
const asked = process.argv[2];
for (const [part, run] of Object.entries(parts)) {
  if (asked !== undefined && asked !== part) continue;
  for (const dtype of dtypes)
    for (const layout of layoutsOf(dtype)) {
      // one group for each dtype and layout, all groups for one of either
      const some = dtype === 'float32' || layout === 'dense' ? groups : groups.slice(0, 1);
      for (const group of some) run({ group, dtype, layout, name: `${part} ${dtype} ${layout} [${group.ranks}]` });
    }
  console.log(`ok ${part}`);
}

// parts of different sizes: rank r sends r + q + 1 rows to rank q
const rows = (r: number, q: number): number => r + q + 1;
const ranks = Array.from({ length: n }, (_, i) => i);
const inSizes = ranks.map((q) => rows(me, q));
const total = inSizes.reduce((a, b) => a + b, 0);
const input = torch.cat(ranks.map((q) => torch.full([rows(me, q), 2], me * 10 + q, { dtype: 'int32' })));
const output = torch.zeros(total, 2, { dtype: 'int32' });
both(
  'allToAllSingle in unequal parts',
  (asyncOp) => d.allToAllSingle(output.zero_(), input, inSizes, inSizes, null, asyncOp as true),
  (name) =>
    same(
      name,
      output,
      ranks.flatMap((r) => Array.from({ length: 2 * rows(r, me) }, () => r * 10 + me)),
    ),
);
for (let i = 0; i < 3; i++) d.barrier();
assert.equal(d.barrier({ asyncOp: true }).wait(), true);
console.log('ok uneven');

// reductions that go in several pieces, the last one short, and into the rank's own part of what is reduced
for (const dtype of ['float32', 'int8'] as const) {
  const long = (count: number): torch.Tensor => torch.arange(count, { dtype: 'int64' }).remainder(11).to(dtype);
  const each = dtype === 'int8' ? 4_300_001 : 1_100_001;
  const sum = (n * (n - 1)) / 2;
  const expected = long(each).mul(n).add(sum);
  const x = long(each).add(me);
  d.allReduce(x);
  assert.ok(torch.equal(x, expected), `allReduce of ${each} ${dtype}`);
  x.copy_(long(each).add(me));
  d.reduce(x, { dst: n - 1 });
  assert.ok(torch.equal(x, me === n - 1 ? expected : long(each).add(me)), `reduce of ${each} ${dtype}`);
  const parts = torch.cat(ranks.map((q) => long(each).add(me + q)));
  const own = parts.narrow(0, me * each, each);
  for (const [name, part] of Object.entries({ apart: torch.zeros(each, { dtype }), 'in place': own })) {
    d.reduceScatterTensor(part, parts);
    assert.ok(torch.equal(part, expected.add(n * me)), `reduceScatter of ${each} ${dtype}, ${name}`);
  }
}
console.log('ok long');

// tensors that require grad: values change in place, without a history
const w = torch.ones([2], { requiresGrad: true });
const y = w.pow(2);
d.allReduce(w);
assert.ok(w.isLeaf && w.requiresGrad && w.gradFn === null);
same('a leaf', w.detach(), [n, n]);
assert.throws(() => y.sum().backward(), torch.AutogradError);
const gathered = Array.from({ length: n }, () => torch.zeros(2));
d.allGather(gathered, w);
assert.ok(gathered.every((x) => !x.requiresGrad));
console.log('ok gradients');

// objects
const objects: unknown[] = Array.from({ length: n }, () => null);
d.allGatherObject(objects, { rank: me, list: [me, `${me}`], map: new Map([['x', torch.full([2], me)]]) });
assert.deepEqual(
  objects.map((o) => (o as { rank: number }).rank),
  ranks,
);
assert.equal(
  String((objects.at(-1) as { map: Map<string, torch.Tensor> }).map.get('x')),
  String(torch.full([2], n - 1)),
);
const list = me === n - 1 ? [1n, { a: [true, null] }, new Float32Array([1.5])] : [null, null, null];
d.broadcastObjectList(list, n - 1);
assert.deepEqual(list, [1n, { a: [true, null] }, new Float32Array([1.5])]);
const all: unknown[] | null = me === 0 ? ranks.map(() => null) : null;
d.gatherObject('x'.repeat(me * 1000), all, 0);
if (all !== null)
  assert.deepEqual(
    all.map((s) => String(s).length),
    ranks.map((r) => r * 1000),
  );
const mine: unknown[] = [null];
d.scatterObjectList(mine, me === 0 ? ranks.map((r) => ({ for: r })) : null, 0);
assert.deepEqual(mine, [{ for: me }]);
console.log('ok objects');
console.log(`cases ${cases}`);
d.destroyProcessGroup();
