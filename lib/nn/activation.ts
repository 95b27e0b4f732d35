// Activation functions without options but `inplace`, as modules.
import { type Call, readArguments } from '../arguments.ts';
import { hardsigmoid, hardswish, logsigmoid, mish, relu6, selu, softsign, tanhshrink } from '../ops/activation.ts';
import { gelu } from '../ops/ternary.ts';
import { relu, sigmoid, silu, tanh } from '../ops/unary.ts';
import type { Tensor } from '../tensor.ts';
import { placed } from './internal.ts';
import { Module } from './module.ts';

/** Options of activations that can write to their input. */
export interface InplaceOptions {
  inplace?: boolean | undefined;
}
type InplaceArguments = Call<[inplace?: boolean], InplaceOptions>;

/** Element-wise functions without parameters. */
abstract class Plain extends Module {
  readonly inplace: boolean;
  constructor(...args: InplaceArguments) {
    super();
    this.inplace = readArguments<InplaceOptions>(new.target.name, args, ['inplace']).inplace ?? false;
  }
  override extraRepr(): string {
    return this.inplace ? 'inplace=True' : '';
  }
}
/**
 * `1 / (1 + e^-x)`, element-wise.
 * @example
 * new torch.nn.Sigmoid().forward(torch.tensor([0, 1.5])) // tensor([0.5000, 0.8176])
 */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}
/**
 * Hyperbolic tangent, element-wise.
 * @example
 * new torch.nn.Tanh().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 0.9051])
 */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}
/**
 * `x / (1 + |x|)`, element-wise.
 * @example
 * new torch.nn.Softsign().forward(torch.tensor([-1, 3.5])) // tensor([-0.5000,  0.7778])
 */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}
/**
 * `x - tanh(x)`, element-wise.
 * @example
 * new torch.nn.Tanhshrink().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 0.5949])
 */
export class Tanhshrink extends Module {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}
/**
 * `ln(sigmoid(x))`, element-wise. Throws DtypeError for integers.
 * @example
 * new torch.nn.LogSigmoid().forward(torch.tensor([0, 1.5])) // tensor([-0.6931, -0.2014])
 */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logsigmoid(x);
  }
}
/**
 * `max(x, 0)`, element-wise.
 * @example
 * new torch.nn.ReLU().forward(torch.tensor([-1, 1.5])) // tensor([0.0000, 1.5000])
 * @example
 * new torch.nn.ReLU({ inplace: true }) // ReLU(inplace=True)
 */
export class ReLU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('relu', x, relu, this.inplace);
  }
}
/**
 * `min(max(x, 0), 6)`, element-wise.
 * @example
 * new torch.nn.ReLU6().forward(torch.tensor([-1, 1.5, 8])) // tensor([0.0000, 1.5000, 6.0000])
 */
export class ReLU6 extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('relu6', x, relu6, this.inplace);
  }
}
/**
 * `x sigmoid(x)`, element-wise (https://arxiv.org/abs/1702.03118).
 * @example
 * new torch.nn.SiLU().forward(torch.tensor([-1, 1.5])) // tensor([-0.2689,  1.2264])
 */
export class SiLU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('silu', x, silu, this.inplace);
  }
}
/**
 * `x tanh(softplus(x))`, element-wise (https://arxiv.org/abs/1908.08681). Throws DtypeError for integers.
 * @example
 * new torch.nn.Mish().forward(torch.tensor([-1, 1.5])) // tensor([-0.3034,  1.4034])
 */
export class Mish extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('mish', x, mish, this.inplace);
  }
}
/**
 * `1.0507 elu(x)` with `alpha` 1.6733, element-wise: keeps mean 0 and variance 1 (https://arxiv.org/abs/1706.02515).
 * Throws DtypeError for integers.
 * @example
 * new torch.nn.SELU().forward(torch.tensor([-1, 1.5])) // tensor([-1.1113,  1.5761])
 */
export class SELU extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('selu', x, selu, this.inplace);
  }
}
/**
 * `relu6(x + 3) / 6`, element-wise. Throws DtypeError for integers.
 * @example
 * new torch.nn.Hardsigmoid().forward(torch.tensor([-4, 1.5])) // tensor([0.0000, 0.7500])
 */
export class Hardsigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('hardsigmoid', x, hardsigmoid, this.inplace);
  }
}
/**
 * `x relu6(x + 3) / 6`, element-wise (https://arxiv.org/abs/1905.02244). Throws DtypeError for integers.
 * @example
 * new torch.nn.Hardswish().forward(torch.tensor([-1, 1.5])) // tensor([-0.3333,  1.1250])
 */
export class Hardswish extends Plain {
  override forward(x: Tensor): Tensor {
    return placed('hardswish', x, hardswish, this.inplace);
  }
}

/**
 * `x Φ(x)`, element-wise, with Φ the normal distribution's cumulative function, or its approximation by tanh
 * (https://arxiv.org/abs/1606.08415). Throws DtypeError for integers.
 * @example
 * new torch.nn.GELU().forward(torch.tensor([0, 1.5])) // tensor([0.0000, 1.3998])
 * @example
 * new torch.nn.GELU('tanh') // GELU(approximate='tanh')
 */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';
  constructor(...args: Call<[approximate?: 'none' | 'tanh'], { approximate?: 'none' | 'tanh' | undefined }>) {
    super();
    this.approximate =
      readArguments<{ approximate: 'none' | 'tanh' }>('GELU', args, ['approximate']).approximate ?? 'none';
  }
  override forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}
