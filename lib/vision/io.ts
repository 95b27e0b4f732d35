// torch.vision.io: image files as tensors.
import { inNameOf } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { Image, type ImageMode } from './image.ts';
import { pilToTensor } from './transforms/functional.ts';

/**
 * An image file as a uint8 tensor [C, H, W], with the file's own channels or those of a mode. The package `sharp` reads it.
 * Throws Error without that, FileFormatError for what is no image.
 * @example
 * torch.vision.utils.saveImage(torch.ones([3, 2, 4]), `${tmp}/white.png`)
 * torch.vision.io.readImage(`${tmp}/white.png`).shape // torch.Size([3, 2, 4])
 */
export function readImage(path: string | URL, mode: ImageMode | null = null): Tensor {
  return inNameOf('readImage', () => {
    const image = Image.open(path);
    return pilToTensor(mode === null ? image : image.convert(mode));
  });
}
