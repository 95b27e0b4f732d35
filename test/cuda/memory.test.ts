// Memory of GPUs: the caching allocator, what is freed when, and running out. The loops never await.
import { describe, expect, test } from 'vitest';
import { measure } from '../memory/child.ts';
import * as torch from '../../lib/index.ts';

const there = torch.cuda.isAvailable();

describe.runIf(there)('memory of cuda:0', () => {
  test('steps of tensors that are dropped stay flat', { timeout: 120_000 }, async () => {
    const out = await measure('cuda-steps.ts', ['100']);
    expect(out.liveAfter as number).toBeLessThan((out.liveBefore as number) + 3);
    // the nursery of a GPU, and what its allocator keeps
    expect(out.deviceReserved).toBeLessThan(300);
    expect(out.peakRss).toBeLessThan(600);
  });

  test('running out is an error with figures, and the script goes on', { timeout: 60_000 }, async () => {
    const out = await measure('cuda-oom.ts', [], { FLAMBEAU_EMULATOR_MEMORY: String(256 * 2 ** 20) });
    expect(out.caught).toMatch(/^OutOfMemoryError: .*CUDA out of memory\. Tried to allocate 128\.00 MiB/s);
    expect(out.caught).toMatch(/cuda:0/);
    expect(out.sum).toBe(1024);
  });

  test.runIf(process.env.FLAMBEAU_CUDA_CACHING !== '0')('a block is handed out again', () => {
    const before = torch.cuda.memoryStats(0);
    const x = torch.zeros(1 << 20, { device: 'cuda:0' });
    expect(torch.cuda.memoryAllocated(0)).toBeGreaterThanOrEqual(before['allocated_bytes.all.current']! + 4 * 2 ** 20);
    x.dispose();
    const segments = torch.cuda.memoryStats(0)['segment.all.allocated'];
    torch.zeros(1 << 20, { device: 'cuda:0' }).dispose();
    expect(torch.cuda.memoryStats(0)['segment.all.allocated']).toBe(segments);
  });
});

describe.runIf(!there)('without a GPU', () => {
  test('cuda:0 is refused with the reason', () => {
    expect(() => torch.zeros(1, { device: 'cuda:0' })).toThrow(
      /^zeros: 'cuda:0' is not available: .+; use device: 'cpu'$/,
    );
  });
});
