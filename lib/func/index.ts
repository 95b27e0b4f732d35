// torch.func: derivatives and maps of functions, as functions.
export {
  grad,
  gradAndValue,
  type GradOptions,
  jvp,
  type JvpOptions,
  linearize,
  vjp,
  type VjpFunction,
  type VjpOptions,
} from './derivatives.ts';
export { functionalCall } from './functional-call.ts';
export { hessian, jacfwd, type JacfwdOptions, jacrev, type JacrevOptions } from './jacobians.ts';
export { replaceAllBatchNormModules_, stackModuleState } from './module-state.ts';
export { vmap, type VmapOptions } from './vmap.ts';
