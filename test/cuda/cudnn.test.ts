// The road to cuDNN, with the emulator's stand-in behind the same table of functions. Run with FLAMBEAU_CUDA=emulate.
import { afterEach, describe, expect, test } from 'vitest';

// read when the first convolution is made
process.env.FLAMBEAU_CUDNN = 'emulator';
const torch = await import('../../lib/index.ts');
const { available, device } = await import('./helpers.ts');
const { conv1d, conv2d, conv3d, convTranspose2d } = torch.nn.functional;
const { cudnn } = torch.backends;

type Tensor = InstanceType<typeof torch.Tensor>;
type Convolve = (x: Tensor, w: Tensor, bias: Tensor) => Tensor;
const last = (x: Tensor): Tensor => x.contiguous({ memoryFormat: torch.channelsLast });
const bare = (x: Tensor): Tensor => x;

/** [what, sizes of the input, the weight and the bias, the convolution, the layout of input and weight] */
const cases: readonly [string, number[], number[], number, Convolve, typeof bare, typeof bare][] = [
  ['a picture', [2, 3, 6, 5], [4, 3, 3, 3], 4, (x, w, b) => conv2d(x, w, b, { padding: 1 }), bare, bare],
  [
    'strides, dilation and groups',
    [2, 4, 9, 8],
    [6, 2, 3, 2],
    6,
    (x, w, b) => conv2d(x, w, b, { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 }),
    bare,
    bare,
  ],
  ['rows', [2, 3, 9], [4, 3, 4], 4, (x, w, b) => conv1d(x, w, b, { stride: 2, padding: 1 }), bare, bare],
  ['rooms', [1, 2, 4, 3, 5], [3, 2, 2, 2, 3], 3, (x, w, b) => conv3d(x, w, b, { padding: [0, 1, 1] }), bare, bare],
  ['channels last', [2, 3, 6, 5], [4, 3, 3, 3], 4, (x, w, b) => conv2d(x, w, b, { padding: 1 }), last, last],
  ['channels of the pictures last', [2, 3, 6, 5], [4, 3, 2, 3], 4, (x, w, b) => conv2d(x, w, b), last, bare],
  [
    'a part of a picture, a turned weight',
    [2, 3, 7, 5],
    [3, 4, 3, 3],
    4,
    (x, w, b) => conv2d(x.narrow(2, 1, 6), w.transpose(0, 1), b),
    bare,
    bare,
  ],
  [
    'a transposed one',
    [2, 4, 5, 4],
    [4, 3, 3, 3],
    3,
    (x, w, b) => convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
    bare,
    bare,
  ],
  ['a pixel', [3, 4, 1, 1], [5, 4, 1, 1], 5, (x, w, b) => conv2d(x, w, b), bare, bare],
];

/** How much the work queued so far was, and by whom. */
const launches = (): number => torch.cuda.memoryStats(device)['emulator.launches']!;

describe.runIf(available && process.env.FLAMBEAU_CUDA === 'emulate')('convolutions by cuDNN', () => {
  afterEach(() => {
    cudnn.enabled = true;
    cudnn.benchmark = cudnn.deterministic = false;
  });

  const compare = (
    dtype: 'float32' | 'float64' | 'float16' | 'bfloat16',
    [, xs, ws, n, f, ofX, ofW]: (typeof cases)[number],
  ) => {
    torch.manualSeed(3);
    const [x, w, b] = [ofX(torch.randn(xs)), ofW(torch.randn(ws)), torch.randn([n])] as const;
    const run = (to: string, as: typeof dtype): Tensor[] => {
      const leaves = [x, w, b].map((t) => t.to(dtype).to(as).to(to).requiresGrad_());
      const y = f(...(leaves as [Tensor, Tensor, Tensor]));
      const slope = torch.linspace(-1, 1, y.numel()).view(y.sizes).to(dtype).to(as).to(to);
      y.backward(slope);
      return [y, ...leaves.map((t) => t.grad!)];
    };
    const wanted = run('cpu', 'float64');
    const tolerance = { float32: 1e-5, float64: 1e-12, float16: 4e-3, bfloat16: 3e-2 }[dtype];
    run(device, dtype).forEach((got, i) => {
      expect(got.dtype).toBe(dtype);
      const most = wanted[i]!.abs().max().item() as number;
      const off = got.to('cpu').double().sub(wanted[i]!).abs().max().item() as number;
      expect(off, ['output', 'input', 'weight', 'bias'][i]).toBeLessThanOrEqual(tolerance * Math.max(1, most));
    });
  };
  test.each(cases)('%s', (...sample) => {
    for (const dtype of ['float32', 'float64', 'float16', 'bfloat16'] as const) compare(dtype, sample);
  });

  test('algorithms are looked for by timing, and only deterministic ones', () => {
    cudnn.benchmark = cudnn.deterministic = true;
    compare('float32', cases[1]!);
  });

  test('the memory that is kept for the next ones goes with the cache', () => {
    const [x, w] = [torch.randn([1, 3, 8, 8], { device }), torch.randn([8, 3, 3, 3], { device })];
    torch.cuda.emptyCache();
    const before = torch.cuda.memoryAllocated(device);
    conv2d(x, w).dispose();
    expect(torch.cuda.memoryAllocated(device)).toBeGreaterThan(before);
    torch.cuda.emptyCache();
    expect(torch.cuda.memoryAllocated(device)).toBe(before);
  });

  test('it is used where it is found, and not where it is switched off', () => {
    expect(cudnn.isAvailable()).toBe(true);
    expect(cudnn.version()).toBe(90000);
    const [x, w] = [torch.randn([1, 3, 8, 8], { device }), torch.randn([8, 3, 3, 3], { device })];
    const count = (): number => {
      const before = launches();
      conv2d(x, w);
      return launches() - before;
    };
    expect(count()).toBe(0); // the stand-in launches no kernels
    cudnn.enabled = false;
    expect(count()).toBeGreaterThan(0);
  });
});
