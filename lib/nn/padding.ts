// Padding layers: a border of a value, of zeros, or of the input's own elements.
import { type Named, readArguments } from '../arguments.ts';
import { checkNumber, ShapeError } from '../errors.ts';
import { type Sizes, spatial } from '../ops/internal/spatial.ts';
import { pad, type PadMode } from '../ops/pad.ts';
import { type Shape, show } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { tuple } from './internal.ts';
import { Module } from './module.ts';

type Arguments = Named<[padding: Sizes], ['padding'], [], object>;
type ConstantArguments = Named<[padding: Sizes, value: number], ['padding', 'value'], [], object>;
/** A width for each side, those of the last dim first; negative ones cut. */
const widths = (where: string, padding: Sizes | undefined, dims: number): Shape =>
  spatial(where, 'padding', padding!, 2 * dims, -(2 ** 31));

abstract class Pad extends Module {
  readonly padding: Shape;
  readonly mode: PadMode;
  constructor(where: string, dims: number, mode: PadMode, args: Arguments) {
    super();
    this.padding = widths(where, readArguments<{ padding: Sizes }>(where, args, ['padding']).padding, dims);
    this.mode = mode;
  }
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode);
  }
  override extraRepr(): string {
    return tuple(this.padding);
  }
}
abstract class CircularPad extends Pad {
  override forward(x: Tensor): Tensor {
    const dims = this.padding.length / 2;
    if (x.ndim !== dims + 1 && x.ndim !== dims + 2) {
      throw new ShapeError(
        `${this.constructor.name}: expected ${dims + 1}D or ${dims + 2}D input (got ${x.ndim}D input, ${show(x.sizes)})`,
      );
    }
    return super.forward(x);
  }
}
abstract class ConstantPad extends Module {
  readonly padding: Shape;
  readonly value: number;
  constructor(where: string, dims: number, args: ConstantArguments) {
    super();
    const { padding, value } = readArguments<{ padding: Sizes; value: number }>(where, args, ['padding', 'value']);
    this.padding = widths(where, padding, dims);
    checkNumber(where, 'value', value);
    this.value = value;
  }
  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, 'constant', this.value);
  }
  override extraRepr(): string {
    return `padding=${tuple(this.padding)}, value=${this.value}`;
  }
}
/**
 * [*, L] with a border of `value`; `padding` is one width, or those of left and right. Throws ShapeError where it does
 * not fit.
 * @example
 * new torch.nn.ConstantPad1d(2, 7).forward(torch.tensor([[1.5, 2, 3]])) // tensor([[7.0000, 7.0000, 1.5000, 2.0000, 3.0000, 7.0000, 7.0000]])
 */
export class ConstantPad1d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(new.target.name, 1, args);
  }
}
/**
 * [*, H, W] with a border of `value`; `padding` is one width, or those of left, right, top and bottom. Throws
 * ShapeError where it does not fit.
 * @example
 * new torch.nn.ConstantPad2d(1, 0.5).forward(torch.ones(1, 2, 2)).shape // torch.Size([1, 4, 4])
 * @example
 * new torch.nn.ConstantPad2d(2, 0.5) // ConstantPad2d(padding=(2, 2, 2, 2), value=0.5)
 */
export class ConstantPad2d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(new.target.name, 2, args);
  }
}
/**
 * [*, D, H, W] with a border of `value`; `padding` is one width, or those of left, right, top, bottom, front and back.
 * Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ConstantPad3d(1, 0.5).forward(torch.ones(1, 2, 2, 2)).shape // torch.Size([1, 4, 4, 4])
 */
export class ConstantPad3d extends ConstantPad {
  constructor(...args: ConstantArguments) {
    super(new.target.name, 3, args);
  }
}
/**
 * [*, L] with a border of zeros; `padding` is one width, or those of left and right. Throws ShapeError where it does
 * not fit.
 * @example
 * new torch.nn.ZeroPad1d([1, 0]).forward(torch.tensor([[1.5, 2, 3]])) // tensor([[0.0000, 1.5000, 2.0000, 3.0000]])
 */
export class ZeroPad1d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 1, 'constant', args);
  }
}
/**
 * [*, H, W] with a border of zeros; `padding` is one width, or those of left, right, top and bottom. Throws ShapeError
 * where it does not fit.
 * @example
 * new torch.nn.ZeroPad2d(1).forward(torch.ones(1, 2, 2)).shape // torch.Size([1, 4, 4])
 * @example
 * new torch.nn.ZeroPad2d(2) // ZeroPad2d((2, 2, 2, 2))
 */
export class ZeroPad2d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 2, 'constant', args);
  }
}
/**
 * [*, D, H, W] with a border of zeros; `padding` is one width, or those of left, right, top, bottom, front and back.
 * Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ZeroPad3d(1).forward(torch.ones(1, 2, 2, 2)).shape // torch.Size([1, 4, 4, 4])
 */
export class ZeroPad3d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 3, 'constant', args);
  }
}
/**
 * [N, C, L] or [C, L] with a border that mirrors the inside; `padding` is one width, or those of left and right.
 * Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ReflectionPad1d([2, 1]).forward(torch.tensor([[1.5, 2, 3]])) // tensor([[3.0000, 2.0000, 1.5000, 2.0000, 3.0000, 2.0000]])
 */
export class ReflectionPad1d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 1, 'reflect', args);
  }
}
/**
 * [N, C, H, W] or [C, H, W] with a border that mirrors the inside; `padding` is one width, or those of left, right,
 * top and bottom. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ReflectionPad2d(1).forward(torch.ones(1, 2, 2)).shape // torch.Size([1, 4, 4])
 * @example
 * new torch.nn.ReflectionPad2d(2) // ReflectionPad2d((2, 2, 2, 2))
 */
export class ReflectionPad2d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 2, 'reflect', args);
  }
}
/**
 * [N, C, D, H, W] or [C, D, H, W] with a border that mirrors the inside; `padding` is one width, or those of left,
 * right, top, bottom, front and back. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ReflectionPad3d(1).forward(torch.ones(1, 2, 2, 2)).shape // torch.Size([1, 4, 4, 4])
 */
export class ReflectionPad3d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 3, 'reflect', args);
  }
}
/**
 * [N, C, L] or [C, L] with the outermost elements repeated; `padding` is one width, or those of left and right. Throws
 * ShapeError where it does not fit.
 * @example
 * new torch.nn.ReplicationPad1d([2, 1]).forward(torch.tensor([[1.5, 2, 3]])) // tensor([[1.5000, 1.5000, 1.5000, 2.0000, 3.0000, 3.0000]])
 */
export class ReplicationPad1d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 1, 'replicate', args);
  }
}
/**
 * [N, C, H, W] or [C, H, W] with the outermost elements repeated; `padding` is one width, or those of left, right, top
 * and bottom. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ReplicationPad2d(1).forward(torch.ones(1, 2, 2)).shape // torch.Size([1, 4, 4])
 * @example
 * new torch.nn.ReplicationPad2d(2) // ReplicationPad2d((2, 2, 2, 2))
 */
export class ReplicationPad2d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 2, 'replicate', args);
  }
}
/**
 * [N, C, D, H, W] or [C, D, H, W] with the outermost elements repeated; `padding` is one width, or those of left,
 * right, top, bottom, front and back. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.ReplicationPad3d(1).forward(torch.ones(1, 2, 2, 2)).shape // torch.Size([1, 4, 4, 4])
 */
export class ReplicationPad3d extends Pad {
  constructor(...args: Arguments) {
    super(new.target.name, 3, 'replicate', args);
  }
}
/**
 * [N, C, L] or [C, L] with a border from the opposite side; `padding` is one width, or those of left and right. Throws
 * ShapeError where it does not fit.
 * @example
 * new torch.nn.CircularPad1d([2, 1]).forward(torch.tensor([[1.5, 2, 3]])) // tensor([[2.0000, 3.0000, 1.5000, 2.0000, 3.0000, 1.5000]])
 */
export class CircularPad1d extends CircularPad {
  constructor(...args: Arguments) {
    super(new.target.name, 1, 'circular', args);
  }
}
/**
 * [N, C, H, W] or [C, H, W] with a border from the opposite side; `padding` is one width, or those of left, right, top
 * and bottom. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.CircularPad2d(1).forward(torch.ones(1, 2, 2)).shape // torch.Size([1, 4, 4])
 * @example
 * new torch.nn.CircularPad2d(2) // CircularPad2d((2, 2, 2, 2))
 */
export class CircularPad2d extends CircularPad {
  constructor(...args: Arguments) {
    super(new.target.name, 2, 'circular', args);
  }
}
/**
 * [N, C, D, H, W] or [C, D, H, W] with a border from the opposite side; `padding` is one width, or those of left,
 * right, top, bottom, front and back. Throws ShapeError where it does not fit.
 * @example
 * new torch.nn.CircularPad3d(1).forward(torch.ones(1, 2, 2, 2)).shape // torch.Size([1, 4, 4, 4])
 */
export class CircularPad3d extends CircularPad {
  constructor(...args: Arguments) {
    super(new.target.name, 3, 'circular', args);
  }
}
