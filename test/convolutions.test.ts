// Convolutions of float32 that go through packed patches (native/cpu/conv_panel.cc), beside float64, which other kernels
// compute: strides, dilation, groups, odd sizes, layouts, infinities. Shapes have the channels that make the choice.
import { describe, expect, test } from 'vitest';
import * as torch from '../lib/index.ts';

interface Case {
  readonly title: string;
  readonly input: readonly number[];
  readonly weight: readonly number[];
  readonly options?: torch.ConvTransposeOptions;
  readonly transposed?: boolean;
}

const CASES: readonly Case[] = [
  { title: '1×1 over images that end within a panel', input: [3, 40, 7, 7], weight: [50, 40, 1, 1] },
  { title: '1×1 stride 2', input: [2, 36, 9, 10], weight: [64, 36, 1, 1], options: { stride: 2 } },
  { title: '1×1 padded', input: [1, 33, 5, 6], weight: [41, 33, 1, 1], options: { padding: 1 } },
  { title: '3×3 stride 2', input: [2, 48, 15, 18], weight: [56, 48, 3, 3], options: { stride: 2, padding: 1 } },
  { title: '3×3 dilated', input: [1, 35, 12, 11], weight: [47, 35, 3, 3], options: { dilation: 2, padding: 2 } },
  { title: '5×5 of one pixel', input: [1, 64, 5, 5], weight: [64, 64, 5, 5] },
  { title: 'groups', input: [2, 80, 6, 7], weight: [96, 40, 3, 3], options: { groups: 2, stride: [2, 1], padding: 1 } },
  { title: 'stride beyond the kernel', input: [2, 40, 13, 13], weight: [40, 40, 2, 2], options: { stride: [3, 2] } },
  {
    title: 'stride 4 to the input',
    input: [1, 64, 14, 17],
    weight: [48, 64, 5, 5],
    options: { stride: 4, padding: 2 },
  },
  {
    title: 'transposed 4×4',
    input: [2, 48, 6, 7],
    weight: [48, 40, 4, 4],
    options: { stride: 2, padding: 1 },
    transposed: true,
  },
  {
    title: 'transposed 3×3 with more output',
    input: [2, 48, 5, 9],
    weight: [48, 36, 3, 3],
    options: { stride: 2, padding: 1, outputPadding: 1 },
    transposed: true,
  },
];

/** The result and the gradients of input, weight and bias. */
function directions(c: Case, x: torch.Tensor, kind: 'float32' | 'float64'): torch.Tensor[] {
  torch.manualSeed(1);
  const outs = c.transposed ? c.weight[1]! : c.weight[0]!;
  const leaves = [x, torch.randn(c.weight), torch.randn(outs)].map((t) => t.detach().to(kind).requiresGrad_());
  const [input, weight, bias] = leaves as [torch.Tensor, torch.Tensor, torch.Tensor];
  const y = (c.transposed ? torch.convTranspose2d : torch.conv2d)(input, weight, { ...c.options, bias });
  const slope = torch.randn(y.shape).to(kind);
  return [y.detach(), ...torch.autograd.grad([y], leaves, { gradOutputs: [slope] }).map((g) => g!)];
}

const LAYOUTS: Readonly<Record<string, (x: torch.Tensor) => torch.Tensor>> = {
  dense: (x) => x,
  'channels last': (x) => x.contiguous({ memoryFormat: torch.channelsLast }),
  'every second image': (x) => torch.stack([x, x], 1).select(1, 0),
};

describe.each(CASES)('$title', (c) => {
  test.each(Object.keys(LAYOUTS))('%s agrees with float64', (layout) => {
    torch.manualSeed(0);
    const x = torch.randn(c.input);
    const exact = directions(c, x, 'float64');
    directions(c, LAYOUTS[layout]!(x), 'float32').forEach((result, i) => {
      const error = result.double().sub(exact[i]!).abs().max().item() / exact[i]!.abs().max().item();
      expect(error, ['result', 'input', 'weight', 'bias'][i]).toBeLessThan(3e-6);
    });
  });

  test('an infinity reaches what reads it and nothing else', () => {
    torch.manualSeed(0);
    const x = torch.randn(c.input);
    x.select(0, 0).select(0, 1).select(0, 2).select(0, 3).fill_(Infinity);
    const exact = directions(c, x, 'float64');
    directions(c, x, 'float32').forEach((result, i) => {
      expect(result.isfinite().equal(exact[i]!.isfinite()), ['result', 'input', 'weight', 'bias'][i]).toBe(true);
    });
  });
});

test('convolutions of any rank take the same way', () => {
  torch.manualSeed(0);
  for (const size of [[21], [5, 6, 7]]) {
    const x = torch.randn(2, 40, ...size);
    const w = torch.randn(44, 40, ...size.map(() => 3));
    const conv = size.length === 1 ? torch.conv1d : torch.conv3d;
    const y = conv(x, w, { stride: 2, padding: 1 });
    const exact = conv(x.double(), w.double(), { stride: 2, padding: 1 });
    expect(y.double().sub(exact).abs().max().item()).toBeLessThan(3e-6 * exact.abs().max().item());
  }
});
