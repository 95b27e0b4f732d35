// torch.amp: blocks of lower precision, and scaling of the loss against gradients that vanish in float16.
export { autocast, type AutocastOptions, isAutocastAvailable } from './amp/autocast.ts';
export { type CustomBwdOptions, customBwd, type CustomFwdOptions, customFwd } from './amp/custom.ts';
export { GradScaler, type GradScalerOptions } from './amp/grad-scaler.ts';
