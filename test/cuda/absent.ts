// Run by scripts/test-cuda.mjs: the library for GPUs loads on a machine without one, says so, and the CPU works.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as torch from '../../lib/index.ts';

assert.ok(existsSync(new URL('../../build/Release/flambeau_cuda.node', import.meta.url)), 'it is not built');
const start = performance.now();
const available = torch.cuda.isAvailable();
console.log(`torch.cuda.isAvailable() is ${available}, known after ${(performance.now() - start).toFixed(1)} ms`);
if (!available) {
  assert.equal(torch.cuda.deviceCount(), 0);
  assert.throws(() => torch.ones(2, { device: 'cuda:0' }), {
    name: 'DeviceError',
    message: /^ones: 'cuda:0' is not available: (no NVIDIA driver|the NVIDIA driver|the GPU|CUDA_VISIBLE_DEVICES)/,
  });
}
assert.deepEqual(torch.ones(2).add(1).tolist(), [2, 2]);
