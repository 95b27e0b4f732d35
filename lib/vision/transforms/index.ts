// torch.vision.transforms: what is done to pictures on their way into a batch.
export {
  CenterCrop,
  Compose,
  ConvertImageDtype,
  Grayscale,
  Lambda,
  Normalize,
  Pad,
  PILToTensor,
  Resize,
  ToPILImage,
  ToTensor,
  type Transform,
  type TransformLike,
} from './fixed.ts';
export * as functional from './functional.ts';
export {
  FiveCrop,
  GaussianBlur,
  RandomErasing,
  type RandomErasingOptions,
  RandomInvert,
  RandomPosterize,
  RandomSolarize,
  TenCrop,
} from './more-random.ts';
export {
  ColorJitter,
  type ColorJitterOptions,
  RandomApply,
  RandomCrop,
  type RandomCropOptions,
  RandomGrayscale,
  RandomHorizontalFlip,
  RandomResizedCrop,
  type RandomResizedCropOptions,
  RandomRotation,
  type RandomRotationOptions,
  RandomVerticalFlip,
} from './random.ts';
