// checkpoint.save: each process writes its shards, the first one puts the whole into its place. Exported by index.ts.
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkOptions } from '../../arguments.ts';
import type { DTypeName } from '../../dtype.ts';
import { describe } from '../../errors.ts';
import { sameShape } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import type { ProcessGroup } from '../process-group.ts';
import { getRank, getWorldSize, isInitialized } from '../ranks.ts';
import { allGatherObject } from '../objects.ts';
import { rectangleOf, shardingOf } from '../sharding.ts';
import { flushFolder, writeFlushed, writeTensors } from './files.ts';
import { flatten, isStateful, type Step } from './flatten.ts';
import {
  encodeValue,
  formatMetadata,
  METADATA,
  readMetadata,
  type Shard,
  type TensorEntry,
  uncovered,
  type ValueEntry,
  volume,
} from './metadata.ts';
import { DistError } from '../errors.ts';

/** Options of {@link save} and `load`. */
export interface CheckpointOptions {
  /** The folder of the checkpoint. */
  checkpointId: string | URL;
  /** The processes that take part. Default: all. */
  processGroup?: ProcessGroup | null | undefined;
  /** Whether this process acts alone. Default: whether there is no process group. */
  noDist?: boolean | undefined;
}

/** Who saves or loads together: exchanges what each has to say, by rank. */
export interface Party {
  readonly rank: number;
  readonly folder: string;
  exchange<T>(own: T): T[];
}
export function partyOf(where: string, options: CheckpointOptions): Party {
  checkOptions(where, options, ['checkpointId', 'processGroup', 'noDist']);
  const { checkpointId, processGroup = null, noDist = !isInitialized() } = options ?? {};
  if (typeof checkpointId !== 'string' && !(checkpointId instanceof URL))
    throw new TypeError(`${where}: expected a path for checkpointId but received ${describe(checkpointId)}`);
  const folder = resolve(checkpointId instanceof URL ? fileURLToPath(checkpointId) : checkpointId);
  if (noDist) return { rank: 0, folder, exchange: (own) => [own] };
  const rank = getRank(processGroup);
  if (rank < 0) throw new TypeError(`${where}: this process is not a member of the group`);
  return {
    rank,
    folder,
    exchange: <T>(own: T): T[] => {
      const all = new Array<T | null>(getWorldSize(processGroup)).fill(null);
      allGatherObject(all, own, processGroup);
      return all as T[];
    },
  };
}
/** What went wrong in a part of the work that processes do by themselves: all throw, with the rank of the first. */
export function together<T>(where: string, party: Party, work: () => T): T[] {
  let own: { value: T | null; error: string | null };
  let thrown: unknown = null;
  try {
    own = { value: work(), error: null };
  } catch (error) {
    thrown = error;
    own = { value: null, error: error instanceof Error ? error.message : String(error) };
  }
  const all = party.exchange(own);
  if (thrown !== null) throw thrown;
  const rank = all.findIndex(({ error }) => error !== null);
  if (rank >= 0) throw new DistError(`${where}: rank ${rank}: ${all[rank]!.error}`);
  return all.map(({ value }) => value as T);
}

/** What one process has of one tensor. */
interface Item {
  readonly key: string;
  readonly path: readonly Step[];
  readonly dtype: DTypeName;
  readonly sizes: readonly number[];
  readonly offsets: readonly number[];
  readonly part: readonly number[];
  readonly bytes: number;
}
interface Offer {
  readonly items: readonly Item[];
  readonly values: readonly (ValueEntry & { readonly key: string })[];
  /** By which the files of one checkpoint differ from those of the one before. */
  readonly stamp: string;
}

/** The state dicts of modules, optimizers and schedules in the place of these. */
const resolved = (dict: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(dict).map(([key, x]) => [key, isStateful(x) ? x.stateDict() : x]));

function offerOf(where: string, dict: unknown, stamp: string): { offer: Offer; tensors: Map<string, Tensor> } {
  if (typeof dict !== 'object' || dict === null || dict instanceof Tensor || Array.isArray(dict))
    throw new TypeError(`${where}: expected an object as state dict but received ${describe(dict)}`);
  const tensors = new Map<string, Tensor>();
  const items: Item[] = [];
  const values: (ValueEntry & { key: string })[] = [];
  for (const { key, path, value } of flatten(where, resolved(dict as Record<string, unknown>))) {
    if (!(value instanceof Tensor)) {
      values.push({ key, path, value: encodeValue(where, key, value) });
      continue;
    }
    const sizes = shardingOf(value)?.sizes ?? value.sizes;
    const { offsets, sizes: part } = rectangleOf(value);
    // shards without elements are nobody's business, unless the tensor has none
    if (value.count === 0 && volume(sizes) > 0) continue;
    tensors.set(key, value);
    items.push({ key, path, dtype: value.dtype, sizes, offsets, part, bytes: value.nbytes });
  }
  return { offer: { items, values, stamp }, tensors };
}

/** The file of a process. */
const fileOf = (rank: number, stamp: string): string => `__${rank}_0-${stamp}.safetensors`;

/**
 * Who writes which part, the same for everybody: of what several processes have, each is given to the one that has the
 * least to write. Throws for tensors that the processes do not agree on, or of which parts are missing.
 */
function planOf(
  where: string,
  offers: readonly Offer[],
): { tensors: Map<string, TensorEntry>; writers: Map<string, number>[] } {
  const stamp = offers[0]!.stamp;
  const byKey = new Map<string, { item: Item; rank: number }[]>();
  offers.forEach(({ items }, rank) => {
    for (const item of items) byKey.set(item.key, [...(byKey.get(item.key) ?? []), { item, rank }]);
  });
  const parts: { key: string; item: Item; ranks: number[] }[] = [];
  for (const [key, found] of byKey) {
    const first = found[0]!;
    const places = new Map<string, { key: string; item: Item; ranks: number[] }>();
    for (const { item, rank } of found) {
      if (item.dtype !== first.item.dtype || !sameShape(item.sizes, first.item.sizes)) {
        const say = (i: Item): string => `${i.dtype} [${i.sizes.join(', ')}]`;
        throw new DistError(
          `${where}: '${key}' is ${say(first.item)} on rank ${first.rank} but ${say(item)} on rank ${rank}`,
        );
      }
      const place = `${item.offsets.join()}:${item.part.join()}`;
      const known = places.get(place);
      if (known === undefined) places.set(place, { key, item, ranks: [rank] });
      else known.ranks.push(rank);
    }
    const rectangles = [...places.values()].map(({ item }) => ({ offsets: item.offsets, sizes: item.part }));
    const wrong = uncovered(first.item.sizes, rectangles);
    if (wrong !== null) throw new DistError(`${where}: the shards of '${key}' do not make it up: ${wrong}`);
    parts.push(...places.values());
  }
  const load = offers.map(() => 0);
  const writers = offers.map(() => new Map<string, number>());
  const shards = new Map<string, Shard[]>();
  // what has no choice first, then the largest
  const order = [...parts].sort(
    (a, b) => Math.sign(a.ranks.length - 1) - Math.sign(b.ranks.length - 1) || b.item.bytes - a.item.bytes,
  );
  for (const { key, item, ranks } of order) {
    const rank = ranks.reduce((best, r) => (load[r]! < load[best]! ? r : best));
    load[rank]! += item.bytes;
    writers[rank]!.set(key, item.bytes);
    shards.set(key, [
      ...(shards.get(key) ?? []),
      { offsets: item.offsets, sizes: item.part, file: fileOf(rank, stamp) },
    ]);
  }
  const tensors = new Map<string, TensorEntry>();
  for (const [key, [first]] of byKey) {
    const { path, dtype, sizes } = first!.item;
    tensors.set(key, { path, dtype, sizes, shards: shards.get(key)! });
  }
  return { tensors, writers };
}

/** Puts what is in the temporary folder into its place: by one rename, of the folder or of the file that names the others. */
function commit(temporary: string, folder: string): void {
  if (!existsSync(folder)) {
    renameSync(temporary, folder);
    flushFolder(dirname(folder));
    return;
  }
  const before = existsSync(join(folder, METADATA)) ? filesOf(folder) : [];
  for (const file of readdirSync(temporary))
    if (file !== METADATA) renameSync(join(temporary, file), join(folder, file));
  flushFolder(folder);
  renameSync(join(temporary, METADATA), join(folder, METADATA));
  flushFolder(folder);
  // from here on the new checkpoint is there
  rmdirSync(temporary);
  for (const file of before) rmSync(join(folder, file), { force: true });
}
/** The files of the checkpoint in a folder; none where it cannot be read, which are left alone. */
function filesOf(folder: string): string[] {
  try {
    const { tensors } = readMetadata(folder);
    return [...new Set([...tensors.values()].flatMap(({ shards }) => shards.map(({ file }) => file)))];
  } catch {
    return [];
  }
}

/**
 * Writes a state dict to a folder: tensors, of which each process writes the shards that it has (what several have is
 * written by one of them), and numbers, strings and the like, which are those of the first process. Values may be modules,
 * optimizers and schedules, whose state dicts are written. All processes call it, and return when all of it is on the
 * disk; until then a checkpoint that was there is the one that is there. Throws on all processes where one fails.
 * @example
 * const model = new torch.nn.Linear(2, 1)
 * const { checkpoint } = torch.distributed
 * checkpoint.save({ model: model.stateDict(), epoch: 3 }, { checkpointId: `${tmp}/step3`, noDist: true })
 * const state = { model: model.stateDict(), epoch: 0 }
 * checkpoint.load(state, { checkpointId: `${tmp}/step3`, noDist: true })
 * state.epoch // 3
 */
export function save(stateDict: Readonly<Record<string, unknown>>, options: CheckpointOptions): void {
  const where = 'save';
  const party = partyOf(where, options);
  const { rank, folder } = party;
  const temporary = join(dirname(folder), `${basename(folder)}.tmp`);
  const stamp = Math.floor(Math.random() * 2 ** 48)
    .toString(16)
    .padStart(12, '0');
  let tensors = new Map<string, Tensor>();
  const offers = together(where, party, () => {
    // what a save that was cut short has left
    if (rank === 0) {
      rmSync(temporary, { recursive: true, force: true });
      mkdirSync(temporary, { recursive: true });
    }
    const own = offerOf(where, stateDict, stamp);
    tensors = own.tensors;
    return own.offer;
  });
  try {
    const plan = planOf(where, offers);
    together(where, party, () => {
      const own = [...plan.writers[rank]!.keys()].map((key): [string, Tensor] => [key, tensors.get(key)!]);
      if (own.length > 0) writeTensors(join(temporary, fileOf(rank, offers[0]!.stamp)), new Map(own));
    });
    together(where, party, () => {
      if (rank !== 0) return;
      const values = new Map<string, ValueEntry>();
      for (const { values: list } of offers)
        for (const { key, path, value } of list) if (!values.has(key)) values.set(key, { path, value });
      writeFlushed(join(temporary, METADATA), [Buffer.from(formatMetadata(plan.tensors, values))]);
      flushFolder(temporary);
      commit(temporary, folder);
    });
  } catch (error) {
    // every process is here, and none writes any more
    if (rank === 0) rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}
