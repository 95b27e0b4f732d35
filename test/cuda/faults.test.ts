// Indices and values that only a kernel can find wrong: the call returns, and who waits for the GPU is told.
import { describe, expect, test } from 'vitest';
import * as torch from '../../lib/index.ts';
import { run } from '../memory/child.ts';

const there = torch.cuda.isAvailable();
const later = (operation: string): string =>
  ` (found by the GPU in '${operation}', which was queued before; with CUDA_LAUNCH_BLOCKING=1 the call that is to blame throws)`;

describe.runIf(there)('what a kernel finds wrong', () => {
  test.each(['0', '1'])('is thrown by what waits, lazy %s', { timeout: 60_000 }, async (lazy) => {
    const { stdout, stderr } = await run('cuda/faults.ts', [], {
      CUDA_LAUNCH_BLOCKING: '0',
      FLAMBEAU_EMULATOR_LAZY: lazy,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      indexSelect: 'nothing',
      'more work': 'nothing',
      item: `RangeError: item: index 9 is out of bounds for dimension 0 with size 6${later('indexSelect')}`,
      'item again': 'nothing',
      nllLoss: 'nothing',
      synchronize: `RangeError: synchronize: Target 7 is out of bounds.${later('nllLoss')}`,
      bernoulli: 'nothing',
      event: `RangeError: synchronize: expected p to be in [0, 1], but got 1.5${later('bernoulliTensor')}`,
      gather: 'nothing',
      cpu: `RangeError: cpu: index 9 is out of bounds for dimension 0 with size 6${later('gather')}`,
      embedding: 'nothing',
      async: `RangeError: toTypedArrayAsync: index 4 is out of bounds for dimension 0 with size 4${later('indexSelect')}`,
      end: '15',
    });
  });

  test('is thrown by the call with CUDA_LAUNCH_BLOCKING', () => {
    const x = torch.ones(3, { device: 'cuda:0' });
    expect(() => x.indexSelect(0, torch.tensor([3], { device: 'cuda:0' }))).toThrow(
      /^indexSelect: index 3 is out of bounds for dimension 0 with size 3$/,
    );
  });
});

describe.runIf(!there)('without a GPU', () => {
  test('the CPU throws at once', () =>
    expect(() => torch.ones(3).indexSelect(0, torch.tensor([3]))).toThrow(/^indexSelect: index 3 is out of bounds/));
});
