// Modules without their default initialisation. Exported by utils.ts.
import { checkFunction } from '../errors.ts';
import { initialisation } from './internal.ts';
import { Module } from './module.ts';

/**
 * Makes a module whose parameters and buffers have no values yet, and draws no numbers. Throws TypeError for what is no
 * class of modules.
 * @example
 * const layer = torch.nn.utils.skipInit(torch.nn.Linear, 2, 3, { bias: false })
 * layer.weight.shape // torch.Size([3, 2])
 */
export function skipInit<A extends readonly unknown[], M>(moduleClass: new (...args: A) => M, ...args: A): M {
  checkFunction('skipInit', moduleClass);
  if (!(moduleClass.prototype instanceof Module))
    throw new TypeError(`skipInit: Expected a Module; got ${moduleClass.name || 'a function'}`);
  const before = initialisation.skipped;
  initialisation.skipped = true;
  try {
    return new moduleClass(...args);
  } finally {
    initialisation.skipped = before;
  }
}
