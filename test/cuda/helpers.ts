// What the tests of CUDA share: the device, whether there is one, products against those of the CPU in float64.
import { expect } from 'vitest';
import * as torch from '../../lib/index.ts';

export const device = 'cuda:0';
export const available = ((): boolean => {
  try {
    torch.zeros(1, { device });
    return true;
  } catch {
    return false;
  }
})();

/** The largest difference to the sizes of the values, which sums of k grow with. */
export function expectProduct(
  m: number,
  n: number,
  k: number,
  dtype: 'float32' | 'float64' | 'float16' | 'bfloat16',
  [a, b]: readonly [boolean, boolean],
  tolerance: number,
): void {
  const make = (rows: number, cols: number, turned: boolean): torch.Tensor =>
    (turned ? torch.randn([cols, rows]) : torch.randn([rows, cols])).to(dtype);
  const [left, right] = [make(m, k, a), make(k, n, b)];
  const view = (x: torch.Tensor, turned: boolean): torch.Tensor => (turned ? x.t() : x);
  const wanted = view(left.double(), a).matmul(view(right.double(), b));
  const [x, y] = [view(left.to(device), a), view(right.to(device), b)];
  const bias = torch.randn([n]).to(dtype);
  const close = (found: torch.Tensor, to: torch.Tensor): void => {
    expect(found.dtype).toBe(dtype);
    const off = found.to('cpu').double().sub(to).abs().max().item() as number;
    expect(off).toBeLessThanOrEqual(tolerance * Math.max(1, Math.sqrt(k)));
  };
  close(x.matmul(y), wanted);
  close(torch.addmm(bias.to(device), x, y), wanted.add(bias.double()));
}
