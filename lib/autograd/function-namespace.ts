// torch.autograd.function: custom functions under PyTorch's names.
export { Function, FunctionContext, FunctionContext as FunctionCtx, onceDifferentiable } from './function.ts';
