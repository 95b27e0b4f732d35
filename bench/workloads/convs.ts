// Convolutions, each direction alone: forward, the gradient of the data, the gradient of the weights. PyTorch's side is the
// quicker of NCHW and channels_last; ours is NCHW, the default.
import * as torch from 'flambeau';
import type { Row } from '../row.ts';

/** The last result, so that no compiler can leave the work out. */
export let last: unknown = null;

interface Shape {
  readonly name: string;
  readonly title: string;
  /** Of the input: images, channels, width and height. */
  readonly input: readonly [n: number, channels: number, size: number];
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly groups?: number;
  readonly transposed?: boolean;
  readonly wanted: number;
}

const block = (channels: number, size: number): Shape => ({
  name: `3x3-${channels}x${size}`,
  title: `3×3, ${channels} × ${size}², batch 32`,
  input: [32, channels, size],
  out: channels,
  kernel: 3,
  padding: 1,
  wanted: 2,
});

/** The same list is in convs.py. */
const SHAPES: readonly Shape[] = [
  block(64, 32),
  block(128, 16),
  block(256, 8),
  block(512, 4),
  { name: 'mnist2', title: '3×3, 32→64 × 26², batch 64', input: [64, 32, 26], out: 64, kernel: 3, wanted: 2 },
  { name: 'mnist1', title: '3×3, 1→32 × 28², batch 64', input: [64, 1, 28], out: 32, kernel: 3, wanted: 1 },
  { name: '3to64', title: '3×3, 3→64 × 32², batch 32', input: [32, 3, 32], out: 64, kernel: 3, padding: 1, wanted: 1 },
  {
    name: 'stride2',
    title: '3×3 stride 2, 64→128 × 32², batch 32',
    input: [32, 64, 32],
    out: 128,
    kernel: 3,
    stride: 2,
    padding: 1,
    wanted: 1,
  },
  { name: '1x1', title: '1×1, 256→64 × 16², batch 32', input: [32, 256, 16], out: 64, kernel: 1, wanted: 1 },
  {
    name: '1x1-stride2',
    title: '1×1 stride 2, 64→128 × 32², batch 32',
    input: [32, 64, 32],
    out: 128,
    kernel: 1,
    stride: 2,
    wanted: 1,
  },
  {
    name: 'depthwise',
    title: '3×3 depthwise, 128 × 32², batch 32',
    input: [32, 128, 32],
    out: 128,
    kernel: 3,
    padding: 1,
    groups: 128,
    wanted: 1,
  },
  {
    name: 'transposed',
    title: '4×4 stride 2 transposed, 128→64 × 16², batch 32',
    input: [32, 128, 16],
    out: 64,
    kernel: 4,
    stride: 2,
    padding: 1,
    transposed: true,
    wanted: 1,
  },
  { name: 'lenet1', title: '5×5, 1→6 × 28², batch 64', input: [64, 1, 28], out: 6, kernel: 5, padding: 2, wanted: 1 },
  { name: 'lenet2', title: '5×5, 6→16 × 14², batch 64', input: [64, 6, 14], out: 16, kernel: 5, wanted: 1 },
];

const DIRECTIONS = { forward: 'forward', data: 'to data', weights: 'to weights' } as const;
type Direction = keyof typeof DIRECTIONS;

const build = (shape: Shape, direction: Direction) => () => {
  const { input, out, kernel, stride = 1, padding = 0, groups = 1, transposed = false } = shape;
  torch.manualSeed(0);
  const [n, channels, size] = input;
  const x = torch.randn(n, channels, size, size);
  const w = transposed
    ? torch.randn(channels, out, kernel, kernel)
    : torch.randn(out, channels / groups, kernel, kernel);
  const options = { stride, padding, groups };
  const conv = () => (transposed ? torch.convTranspose2d(x, w, options) : torch.conv2d(x, w, options));
  if (direction === 'forward') {
    return (steps: number): void => {
      for (let i = 0; i < steps; i++) last = conv();
    };
  }
  const of = direction === 'data' ? x : w;
  of.requiresGrad_();
  const y = conv();
  const slope = torch.randn(y.shape);
  return (steps: number): void => {
    for (let i = 0; i < steps; i++) last = torch.autograd.grad([y], [of], { gradOutputs: [slope], retainGraph: true });
  };
};

export const rows: readonly Row[] = SHAPES.flatMap((shape) =>
  (Object.keys(DIRECTIONS) as Direction[]).map((direction) => ({
    name: `conv-${shape.name}-${direction}`,
    title: `conv ${shape.title}, ${DIRECTIONS[direction]}`,
    wanted: shape.wanted,
    build: build(shape, direction),
  })),
);
