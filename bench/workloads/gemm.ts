// Matrix products with a new result. NT: the second factor is a transposed view, as in a linear layer.
import * as torch from 'flambeau';
import type { Row } from '../row.ts';

/** The last result, so that no compiler can leave the work out. */
export let last: torch.Tensor | null = null;

const product = (a: torch.Tensor, b: torch.Tensor) => (n: number) => {
  for (let i = 0; i < n; i++) last = a.matmul(b);
};
const square =
  (n: number, dtype: torch.DTypeName = 'float32') =>
  () => {
    torch.manualSeed(0);
    return product(torch.randn([n, n], { dtype }), torch.randn([n, n], { dtype }));
  };
const transposed = (m: number, n: number, k: number) => () => {
  torch.manualSeed(0);
  return product(torch.randn(m, k), torch.randn(n, k).t());
};
const batched = () => {
  torch.manualSeed(0);
  return product(torch.randn(96, 128, 64), torch.randn(96, 128, 64).transpose(1, 2));
};

export const rows: readonly Row[] = [
  { name: 'gemm-512', title: 'matmul 512³', wanted: 1.1, build: square(512) },
  { name: 'gemm-2048', title: 'matmul 2048³', wanted: 1.1, build: square(2048) },
  { name: 'gemm-4096', title: 'matmul 4096³', wanted: 1.1, build: square(4096) },
  { name: 'gemm-f64-1024', title: 'matmul 1024³, float64', wanted: 1, build: square(1024, 'float64') },
  { name: 'gemm-nt-64x128x784', title: 'matmul NT 64×128×784', wanted: 1.1, build: transposed(64, 128, 784) },
  { name: 'gemm-nt-64x10x128', title: 'matmul NT 64×10×128', wanted: 1.1, build: transposed(64, 10, 128) },
  { name: 'gemm-nt-1x512x128', title: 'matmul NT 1×512×128', wanted: 1.1, build: transposed(1, 512, 128) },
  { name: 'gemm-batched', title: 'matmul NT 96 × (128×128×64)', wanted: 1.1, build: batched },
];
