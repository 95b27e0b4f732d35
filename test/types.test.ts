// What the compiler says of the public API: `tsc --noEmit` checks the types, vitest that the calls work.
import { describe, expectTypeOf, test } from 'vitest';
import * as torch from '../lib/index.ts';
import type * as ops from '../lib/ops/index.ts';
import { samples } from './samples/index.ts';

const { Tensor } = torch;
type T = torch.Tensor;
const x: T = torch.ones([2, 3]);

describe('types', () => {
  test("a loader's dataset is of the class it was given", () => {
    const set = new torch.utils.data.TensorDataset(x);
    const loader = new torch.utils.data.DataLoader(set, { batchSize: 2 });
    expectTypeOf(loader.dataset).toEqualTypeOf<torch.utils.data.TensorDataset>();
    expectTypeOf([...loader]).toEqualTypeOf<T[][]>();
    expectTypeOf(loader).toExtend<torch.utils.data.DataLoader<T[]>>();
  });

  test('functions and methods give what they say', () => {
    expectTypeOf(x.exp()).toEqualTypeOf<T>();
    expectTypeOf(torch.exp(x)).toEqualTypeOf<T>();
    expectTypeOf(x.add(1)).toEqualTypeOf<T>();
    expectTypeOf(x.sum(1, true)).toEqualTypeOf<T>();
    expectTypeOf(x.sum({ dim: [0, 1], keepdim: true })).toEqualTypeOf<T>();
    expectTypeOf(x.split(1)).toEqualTypeOf<T[]>();
    expectTypeOf(torch.equal(x, x)).toEqualTypeOf<boolean>();
    expectTypeOf(torch.varMean(x)).toEqualTypeOf<[T, T]>();
    expectTypeOf(x.sort().values).toExtend<T>();
    expectTypeOf(x.topk(1).indices).toExtend<T>();
    expectTypeOf(x.aminmax().min).toExtend<T>();
    expectTypeOf(x.svd().V).toExtend<T>();
    expectTypeOf(torch.linalg.svd(x, { fullMatrices: false }).Vh).toExtend<T>();
    expectTypeOf(torch.linalg.lstsq(x, x).singularValues).toExtend<T>();
    expectTypeOf(x.dtype).toEqualTypeOf<torch.DTypeName>();
    // sizes are taken for tuples in scripts: x.shape as [number, number, number]
    expectTypeOf(x.shape).toEqualTypeOf<readonly number[]>();
    expectTypeOf(x.tolist()).toEqualTypeOf<torch.NestedList>();
    expectTypeOf(x.requiresGrad).toEqualTypeOf<boolean>();
    expectTypeOf(x.grad).toEqualTypeOf<T | null>();
  });

  test('max, min and median depend on their arguments', () => {
    expectTypeOf(torch.max(x)).toEqualTypeOf<T>();
    expectTypeOf(torch.max(x, x)).toEqualTypeOf<T>();
    expectTypeOf(torch.max(x, 1).indices).toExtend<T>();
    expectTypeOf(torch.median(x, { dim: 0 }).values).toExtend<T>();
    expectTypeOf(torch.nonzero(x)).toEqualTypeOf<T>();
    expectTypeOf(torch.nonzero(x, { asTuple: true })).toEqualTypeOf<T[]>();
  });

  test('pairs can be taken apart', () => {
    const [values, indices] = x.max(1);
    expectTypeOf(values).toEqualTypeOf<T>();
    expectTypeOf(indices).toEqualTypeOf<T>();
  });

  test('every operator is a method', () => {
    expectTypeOf<keyof typeof ops>().toExtend<
      keyof T | 'cat' | 'concat' | 'concatenate' | 'stack' | 'hstack' | 'vstack' | 'einsum' | 'where'
    >();
    expectTypeOf(x.relu).parameters.toEqualTypeOf<[]>();
    expectTypeOf(samples).toExtend<Record<keyof typeof ops, object>>();
  });

  test('wrong calls do not compile', () => {
    // never run: only the compiler reads it
    const refused = (): void => {
      // @ts-expect-error no such option
      x.sum({ dims: 1 });
      // @ts-expect-error not a number
      x.add('1');
      // @ts-expect-error not a tensor
      torch.exp(3);
      // @ts-expect-error neither a dtype, a device nor a tensor
      x.to(3);
      // @ts-expect-error no such reduction
      torch.mseLoss(x, x, { reduction: 'max' });
      // @ts-expect-error no such rounding
      x.div(2, { roundingMode: 'up' });
    };
    expectTypeOf(refused).toEqualTypeOf<() => void>();
  });

  test('autograd', () => {
    expectTypeOf(torch.noGrad(() => 3)).toEqualTypeOf<number>();
    expectTypeOf(torch.autograd.grad).returns.toEqualTypeOf<(T | null)[]>();
    class Square extends torch.autograd.Function {
      static forward(ctx: torch.autograd.FunctionContext, a: T, n: number): T {
        ctx.saveForBackward(a);
        return a.pow(n);
      }
      static backward(_ctx: torch.autograd.FunctionContext, g: T): (T | null)[] {
        return [g, null];
      }
    }
    expectTypeOf(Square.apply(x, 2)).toEqualTypeOf<T>();
    expectTypeOf(x).toExtend<InstanceType<typeof Tensor>>();
  });
});
