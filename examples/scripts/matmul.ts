// The product of two matrices, timed on the CPU and on a GPU: the last lines of an introduction to PyTorch. matmul.py is
// the same in Python.
import * as torch from 'flambeau';

/** What to multiply, and where. */
export interface MatmulSettings {
  readonly size: number;
  readonly seed: number;
  readonly device: string;
}

/** Milliseconds that `f` takes, the work it has queued on a GPU included. */
function timed(f: () => torch.Tensor): [result: torch.Tensor, ms: number] {
  if (torch.cuda.isInitialized()) torch.cuda.synchronize();
  const start = performance.now();
  const result = f();
  if (torch.cuda.isInitialized()) torch.cuda.synchronize();
  return [result, performance.now() - start];
}
const seconds = (ms: number): string => (ms / 1000).toFixed(4);

/** Lines to print. */
export function* matmul({ size, seed, device }: MatmulSettings): Generator<string> {
  torch.manualSeed(seed);
  const x = torch.randn(size, size);
  const y = torch.randn(size, size);
  const [onCpu, cpuMs] = timed(() => x.matmul(y));
  yield `CPU time: ${seconds(cpuMs)} s`;
  if (device === 'cpu') return;

  const xGpu = x.to(device);
  const yGpu = y.to(device);
  xGpu.matmul(yGpu); // the first call loads the kernels
  const [onGpu, gpuMs] = timed(() => xGpu.matmul(yGpu));
  yield `GPU time: ${seconds(gpuMs)} s (${torch.cuda.getDeviceName(device)})`;
  yield `${(cpuMs / gpuMs).toFixed(1)} times as fast, ${((2e-9 * size ** 3) / gpuMs).toFixed(3)} TFLOP/s`;
  yield `largest difference: ${onGpu.cpu().sub(onCpu).abs().max().item().toExponential(1)}`;
}
