// torch.vision: what scripts use of torchvision.
export * as datasets from './datasets/index.ts';
export { Image, type ImageMode } from './image.ts';
export * as io from './io.ts';
export * as transforms from './transforms/index.ts';
export * as utils from './utils.ts';
