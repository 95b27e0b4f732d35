// Checkpoints of many files to files of torch.save, and back. Exported by index.ts as checkpoint.formatUtils.
import { empty } from '../../create.ts';
import { describe, inNameOf } from '../../errors.ts';
import { FileFormatError } from '../../io/errors.ts';
import { load as loadFile, save as saveFile } from '../../save.ts';
import { Tensor } from '../../tensor.ts';
import { Files } from './files.ts';
import { unflatten } from './flatten.ts';
import { readTensor } from './load.ts';
import { METADATA, readMetadata } from './metadata.ts';
import { save } from './save.ts';

/**
 * Writes a checkpoint's folder, whose tensors are read whole, as one file of `torch.save`. Throws FileFormatError for a
 * damaged checkpoint.
 * @example
 * const { checkpoint } = torch.distributed
 * checkpoint.save({ model: { w: torch.ones(2) } }, { checkpointId: `${tmp}/folder`, noDist: true })
 * checkpoint.formatUtils.dcpToTorchSave(`${tmp}/folder`, `${tmp}/whole.pt`)
 * torch.load(`${tmp}/whole.pt`).model.w // tensor([1., 1.])
 */
export function dcpToTorchSave(dcpCheckpointDir: string, torchSavePath: string | URL): void {
  if (typeof dcpCheckpointDir !== 'string')
    throw new TypeError(`dcpToTorchSave: expected a path but received ${describe(dcpCheckpointDir)}`);
  const { tensors, values } = readMetadata(dcpCheckpointDir);
  const files = new Files(dcpCheckpointDir);
  try {
    const leaves = [...values.values()];
    for (const [key, entry] of tensors) {
      const value = empty([...entry.sizes], { dtype: entry.dtype });
      readTensor(files, key, entry, value);
      leaves.push({ path: entry.path, value });
    }
    const nest = unflatten(leaves, (message) => {
      throw new FileFormatError(`${dcpCheckpointDir}/${METADATA}: ${message}`);
    });
    saveFile(nest, torchSavePath);
  } finally {
    files.close();
  }
}

/**
 * Writes what is in a file of `torch.save`, which must be an object of names, as a checkpoint's folder. Throws TypeError for
 * other contents.
 * @example
 * torch.save({ w: torch.ones(2) }, `${tmp}/w.pt`)
 * torch.distributed.checkpoint.formatUtils.torchSaveToDcp(`${tmp}/w.pt`, `${tmp}/w`)
 * const state = { w: torch.zeros(2) }
 * torch.distributed.checkpoint.load(state, { checkpointId: `${tmp}/w`, noDist: true })
 * state.w // tensor([1., 1.])
 */
export function torchSaveToDcp(torchSavePath: string | URL, dcpCheckpointDir: string): void {
  const given: unknown = inNameOf('torchSaveToDcp', () => loadFile(torchSavePath));
  const dict = given instanceof Map ? (Object.fromEntries(given) as unknown) : given;
  if (typeof dict !== 'object' || dict === null || Array.isArray(dict) || dict instanceof Tensor)
    throw new TypeError(`torchSaveToDcp: expected an object of names in the file but found ${describe(dict)}`);
  inNameOf('torchSaveToDcp', () =>
    save(dict as Record<string, unknown>, { checkpointId: dcpCheckpointDir, noDist: true }),
  );
}
