// checkpoint.load: fills the tensors of a state dict, each process with what its own shards have. Exported by index.ts.
import { noGrad } from '../../autograd/mode.ts';
import { describe, ShapeError } from '../../errors.ts';
import { sameShape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import { type Rectangle, rectangleOf, shardingOf } from '../sharding.ts';
import { Files } from './files.ts';
import { flatten, isStateful, type Leaf } from './flatten.ts';
import { type Metadata, readMetadata, type TensorEntry, volume } from './metadata.ts';
import { type CheckpointOptions, partyOf, together } from './save.ts';
import { DistError } from '../errors.ts';

/** What two parts of a tensor have in common; null if nothing. */
function common(a: Rectangle, b: Rectangle): Rectangle | null {
  const offsets = a.offsets.map((at, d) => Math.max(at, b.offsets[d]!));
  const sizes = offsets.map((at, d) => Math.min(a.offsets[d]! + a.sizes[d]!, b.offsets[d]! + b.sizes[d]!) - at);
  return sizes.some((n) => n <= 0) ? null : { offsets, sizes };
}

/** The part of `x`, which begins at `origin` of the whole tensor. */
const within = (x: Tensor, { offsets, sizes }: Rectangle, origin: readonly number[]): Tensor =>
  sizes.reduce((y, n, d) => y.narrow(d, offsets[d]! - origin[d]!, n), x);

/** Reads a tensor, or the shard of it that `into` is. */
export function readTensor(files: Files, key: string, entry: TensorEntry, into: Tensor): void {
  const own = rectangleOf(into);
  if (volume(own.sizes) === 0) return;
  const to = into.detach();
  for (const shard of entry.shards) {
    const part = common(own, shard);
    if (part === null) continue;
    const first = (part.offsets[0] ?? 0) - (shard.offsets[0] ?? 0);
    files.rows(key, entry, shard, first, first + (part.sizes[0] ?? 1), (rows, at) => {
      if (rows.ndim === 0) {
        to.copy_(rows);
        return;
      }
      // a piece of rows: all of the shard's width, of which the common part is taken
      const begin = shard.offsets[0]! + at;
      const piece = { offsets: [begin, ...part.offsets.slice(1)], sizes: [rows.sizes[0]!, ...part.sizes.slice(1)] };
      within(to, piece, own.offsets).copy_(within(rows, piece, [begin, ...shard.offsets.slice(1)]));
    });
  }
}

/** Checks that a checkpoint has what is asked for. */
function check(where: string, { tensors, values }: Metadata, { key, value }: Leaf): void {
  if (!(value instanceof Tensor)) {
    if (values.has(key)) return;
    throw new DistError(
      `${where}: ${tensors.has(key) ? `'${key}' is a tensor in the checkpoint but ${describe(value)} here` : `Missing key in checkpoint state_dict: ${key}`}`,
    );
  }
  const entry = tensors.get(key);
  if (entry === undefined) {
    throw new DistError(
      `${where}: ${values.has(key) ? `'${key}' is no tensor in the checkpoint` : `Missing key in checkpoint state_dict: ${key}`}`,
    );
  }
  const sizes = shardingOf(value)?.sizes ?? value.sizes;
  if (!sameShape(sizes, entry.sizes)) {
    throw new ShapeError(
      `${where}: size mismatch for '${key}': [${entry.sizes.join(', ')}] in the checkpoint, [${sizes.join(', ')}] here`,
    );
  }
}

/**
 * Fills a state dict in place with what {@link save} wrote: its tensors with values (of shards each process reads only
 * what it has, on however many processes they were written), and the rest by being replaced. Values that are modules,
 * optimizers or schedules load their state dicts. What the checkpoint has besides is passed over. Throws FileFormatError
 * for a damaged file, an Error for a missing key and ShapeError for another shape, on all processes.
 * @example
 * const { checkpoint } = torch.distributed
 * checkpoint.save({ w: torch.ones(3) }, { checkpointId: `${tmp}/w`, noDist: true })
 * const state = { w: torch.zeros(3) }
 * checkpoint.load(state, { checkpointId: `${tmp}/w`, noDist: true })
 * state.w // tensor([1., 1., 1.])
 */
export function load(stateDict: Record<string, unknown>, options: CheckpointOptions): void {
  const where = 'load';
  const party = partyOf(where, options);
  together(where, party, () => {
    if (typeof stateDict !== 'object' || stateDict === null || stateDict instanceof Tensor || Array.isArray(stateDict))
      throw new TypeError(`${where}: expected an object as state dict but received ${describe(stateDict)}`);
    const metadata = readMetadata(party.folder);
    const filled = Object.fromEntries(
      Object.entries(stateDict).map(([key, x]) => [key, isStateful(x) ? x.stateDict() : x]),
    );
    const leaves = flatten(where, filled);
    for (const leaf of leaves) check(where, metadata, leaf);
    const files = new Files(party.folder);
    try {
      noGrad(() => {
        for (const { key, value, set } of leaves) {
          if (value instanceof Tensor) readTensor(files, key, metadata.tensors.get(key)!, value);
          else set(metadata.values.get(key)!.value);
        }
      });
    } finally {
      files.close();
    }
    for (const [key, x] of Object.entries(stateDict)) {
      if (isStateful(x)) x.loadStateDict(filled[key] as never);
      else stateDict[key] = filled[key];
    }
    return null;
  });
}
