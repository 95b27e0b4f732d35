// Devices of a build without CUDA: the CPU works, and asking for a GPU says what is missing.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

describe.runIf(!torch.cuda.isAvailable())('without a GPU', () => {
  const x = torch.tensor([1.5, 2]);

  test.each([
    ['x.cuda()', () => x.cuda()],
    ['x.cuda(0)', () => x.cuda(0)],
    ['x.pinMemory()', () => x.pinMemory()],
    ["x.to('cuda:0')", () => x.to('cuda:0')],
    ["zeros on 'cuda'", () => torch.zeros(2, { device: 'cuda' })],
    ['setDefaultDevice', () => torch.setDefaultDevice('cuda:0')],
    ['getDeviceName', () => torch.cuda.getDeviceName(0)],
    ['a module', () => new torch.nn.Linear(1, 1).to('cuda:0')],
  ])('%s is a DeviceError', (_, f) => {
    expect(f).toThrow(torch.DeviceError);
    expect(f).toThrow(/: (no CUDA device is available|'cuda(:0)?' is not available): ./);
  });

  test('there is none', () => {
    expect(torch.cuda.deviceCount()).toBe(0);
    expect(torch.cuda.isInitialized()).toBe(false);
  });
});

test('the CPU is one object, and tensors stay where they are', () => {
  const x = torch.tensor([1.5, 2]);
  expect(x.device).toBe(torch.device('cpu'));
  expect(String(x.device)).toBe('cpu');
  expect(x.to('cpu')).toBe(x);
  expect(x.isCuda).toBe(false);
  expect(String(torch.device('cuda', 0))).toBe('cuda:0');
  expect(() => torch.device('gpu')).toThrow(TypeError);
});
