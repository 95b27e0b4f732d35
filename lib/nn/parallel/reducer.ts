// The reducer of DistributedDataParallel: sees each gradient the moment it is ready in backward, starts the all-reduce of a
// bucket with its last one, and gives the averages back to the parameters at the end of backward.
import { queueCallback } from '../../autograd/engine.ts';
import { AccumulateGrad, edgeOf } from '../../autograd/node.ts';
import { noGrad } from '../../autograd/mode.ts';
import { zeros } from '../../create.ts';
import { fromNumpy } from '../../from-data.ts';
import { allReduce } from '../../distributed/collectives.ts';
import type { ProcessGroup } from '../../distributed/process-group.ts';
import { getRank, getWorldSize } from '../../distributed/ranks.ts';
import { ReduceOp } from '../../distributed/reduce-op.ts';
import type { Work } from '../../distributed/work.ts';
import { AutogradError } from '../../errors.ts';
import { scaleInto } from '../../ops/internal/engine-ops.ts';
import type { Tensor } from '../../tensor.ts';
import { assignBuckets, Bucket, type Finish } from './buckets.ts';
import { leavesOf } from './outputs.ts';

const WHERE = 'DistributedDataParallel';

/** What a reducer is made with. */
export interface ReducerOptions {
  readonly group: ProcessGroup | null;
  /** Bytes of the first buckets, the last number for all others. */
  readonly limits: readonly number[];
  readonly findUnused: boolean;
  readonly asView: boolean;
  readonly staticGraph: boolean;
}
/** Starts what a communication hook does with a bucket. */
export type StartHook = (bucket: Bucket, isLast: boolean) => Finish;

/** The reducer that a parameter's gradients go to: a module may be wrapped anew. */
const owners = new WeakMap<Tensor, Reducer>();

export class Reducer {
  readonly #names: readonly string[];
  readonly #params: readonly Tensor[];
  readonly #options: ReducerOptions;
  readonly buckets: readonly Bucket[];
  /** Per parameter, its bucket and place there. */
  readonly #places: readonly (readonly [Bucket, number])[];
  readonly #hooks: (() => void)[] = [];
  /** What gradients are multiplied by before they are summed. */
  factor: number;
  startHook: StartHook | null = null;

  // ---- notes of one reduction
  /** Whether gradients are to be reduced: not within noSync. */
  #expecting = false;
  /** Whether some gradients have come, and others are still to. */
  #open = false;
  #next = 0; // bucket to start
  readonly #ready: boolean[];
  /** Parameters without a part in the outputs. */
  #unused: readonly number[] = [];
  /** Which parameters had gradients, here, since the last reduction. */
  readonly #used: boolean[];
  #usedMap: Tensor | null = null;
  #usedWork: Work | null = null;
  /** With a static graph: how often each parameter gets a gradient in a backward pass; null until that is known. */
  #times: number[] | null = null;
  #left: number[] = [];
  #learning = false;

  constructor(named: readonly (readonly [string, Tensor])[], options: ReducerOptions) {
    this.#names = named.map(([name]) => name);
    this.#params = named.map(([, p]) => p);
    this.#options = options;
    this.factor = 1 / getWorldSize(options.group);
    const count = named.length;
    this.#ready = new Array<boolean>(count).fill(false);
    this.#used = new Array<boolean>(count).fill(false);
    // gradients come in about the reverse order
    const order = this.#params.map((_, i) => count - 1 - i);
    const ordered = order.map((i) => this.#params[i]!);
    this.buckets = assignBuckets(ordered, options.limits).map((list, index) => {
      const members = list.map((i) => order[i]!);
      return new Bucket(
        index,
        members.map((i) => this.#params[i]!),
        members,
      );
    });
    const places = new Array<readonly [Bucket, number]>(count);
    for (const bucket of this.buckets) bucket.members.forEach((i, at) => (places[i] = [bucket, at]));
    this.#places = places;
    this.#params.forEach((p, i) => {
      owners.get(p)?.detach();
      const node = edgeOf(p);
      if (!(node instanceof AccumulateGrad)) throw new AutogradError(`${WHERE}: '${this.#names[i]}' is no leaf`);
      // behind the ids of users' hooks, which begin at 1
      const id = -1;
      node.after.set(id, () => this.#arrived(i));
      this.#hooks.push(() => node.after.delete(id));
      owners.set(p, this);
    });
  }
  /** Lets go of the parameters: another reducer takes them over. */
  detach(): void {
    for (const remove of this.#hooks.splice(0)) remove();
  }

  // ---- between forward and backward ----------------------------------------------------------------------------------

  /** Refuses another step while gradients of the last one are missing. */
  checkFinished(): void {
    if (!this.#open) return;
    const missing = this.#ready.flatMap((ready, i) => (ready ? [] : [i]));
    const names = missing.map((i) => `'${this.#names[i]}'`).join(', ');
    throw new AutogradError(
      `${WHERE}: Expected to have finished reduction in the prior iteration before starting a new one. This error indicates ` +
        'that your module has parameters that were not used in producing loss. You can enable unused parameter detection by ' +
        'passing findUnusedParameters: true to DistributedDataParallel, and by making sure all forward function outputs ' +
        'participate in calculating loss. If you already have done the above, then the distributed data parallel module was ' +
        "not able to locate the output tensors in the return value of your module's forward function. " +
        `Parameter indices which did not receive grad for rank ${getRank(this.#options.group)}: ` +
        `${missing.join(' ')} (${names})`,
    );
  }
  /** Gradients of the next backward passes are only gathered: within noSync. */
  pause(): void {
    this.#expecting = false;
  }
  /** Gradients of the next backward pass, from these outputs, are to be reduced, and those of later ones from them. */
  expect(outputs: readonly Tensor[]): void {
    this.#open = false;
    const leaves = this.#options.findUnused && !this.#options.staticGraph ? leavesOf(outputs) : null;
    const unused = leaves === null ? [] : this.#params.flatMap((p, i) => (leaves.has(p) ? [] : [i]));
    const arm = (): void => {
      this.#expecting = true;
      this.#unused = this.#times?.flatMap((n, i) => (n === 0 ? [i] : [])) ?? unused;
    };
    arm();
    for (const { node } of outputs) {
      if (node === null) continue;
      const backward = node.backward.bind(node);
      node.backward = (grads) => {
        if (!this.#open) arm();
        return backward(grads);
      };
    }
  }
  get findUnused(): boolean {
    return this.#options.findUnused || this.#options.staticGraph;
  }

  // ---- within backward -----------------------------------------------------------------------------------------------

  #begin(): void {
    this.#open = true;
    this.#next = 0;
    this.#ready.fill(false);
    for (const bucket of this.buckets) {
      bucket.pending = bucket.parameters.length;
      bucket.finish = null;
    }
    if (this.#options.staticGraph && this.#times === null) {
      this.#times = new Array<number>(this.#params.length).fill(0);
      this.#learning = true;
      queueCallback(() => this.#learn());
    } else {
      this.#learning = false;
      this.#left = [...(this.#times ?? [])];
    }
    for (const i of this.#unused) this.#take(i);
  }
  /** Called with each gradient that is ready. */
  #arrived(i: number): void {
    this.#used[i] = true;
    if (!this.#expecting) return;
    if (!this.#open) this.#begin();
    if (this.#options.staticGraph) {
      // in the first pass it is only seen how often each one comes
      if (this.#learning) {
        this.#times![i]!++;
        return;
      }
      if (--this.#left[i]! > 0) return;
    }
    this.#take(i);
  }
  /** The end of the first pass through a static graph: everything is there that ever comes. */
  #learn(): void {
    noGrad(() => this.#params.forEach((_, i) => this.#take(i)));
    this.#finish();
  }
  #take(i: number): void {
    const name = this.#names[i]!;
    if (this.#ready[i]) {
      throw new AutogradError(
        `${WHERE}: Expected to mark a variable ready only once. This error is caused by one of the following reasons: 1) Use of ` +
          'a module parameter outside the forward function. 2) Reused parameters in multiple reentrant backward passes, such as ' +
          'several checkpoints around the same part of the model, or several backward passes through outputs of one forward: ' +
          'staticGraph: true allows these where the graph does not change. ' +
          `Parameter at index ${i} with name ${name} has been marked as ready twice on rank ${getRank(this.#options.group)}`,
      );
    }
    const { grad } = this.#params[i]!;
    if (grad?.requiresGrad) {
      throw new AutogradError(
        `${WHERE}: the gradient of '${name}' has a history (createGraph: true), which an average over processes cannot have`,
      );
    }
    this.#ready[i] = true;
    const [bucket, at] = this.#places[i]!;
    bucket.take(at, this.startHook === null ? this.factor : 1);
    if (this.#options.asView && grad !== null) this.#params[i]!.grad = bucket.views[at]!;
    if (--bucket.pending === 0) this.#startReady();
  }
  /** Starts full buckets, in order: it is the same in all processes. */
  #startReady(): void {
    const { buckets } = this;
    while (this.#next < buckets.length && buckets[this.#next]!.pending === 0) this.#start(buckets[this.#next++]!);
    if (this.#next < buckets.length) return;
    if (this.findUnused) this.#startUsed();
    if (!this.#learning) queueCallback(() => this.#finish());
  }
  #start(bucket: Bucket): void {
    if (this.startHook !== null) {
      bucket.finish = this.startHook(bucket, bucket.index === this.buckets.length - 1);
      return;
    }
    const { buffer } = bucket;
    const work = allReduce(buffer, { op: ReduceOp.SUM, group: this.#options.group, asyncOp: true });
    bucket.finish = () => {
      work.wait();
      return buffer;
    };
  }
  /** Finds out, together, which parameters were used anywhere. */
  #startUsed(): void {
    const [first] = this.#params;
    this.#usedMap ??= zeros([this.#params.length], { dtype: 'int32', device: first!.device });
    const values = fromNumpy(Int32Array.from(this.#used, Number));
    noGrad(() => this.#usedMap!.copy_(values));
    this.#usedWork = allReduce(this.#usedMap, { op: ReduceOp.SUM, group: this.#options.group, asyncOp: true });
  }
  /** The end of backward: waits, and gives the parameters their averaged gradients. */
  #finish(): void {
    noGrad(() => {
      this.#usedWork?.wait();
      const used = this.#usedWork === null ? null : (this.#usedMap!.tolist() as number[]);
      this.#usedWork = null;
      for (const bucket of this.buckets) {
        const flat = bucket.finish!();
        bucket.finish = null;
        const parts = flat === bucket.buffer ? bucket.views : bucket.viewsOf(flat);
        bucket.members.forEach((i, at) => {
          // what no process used keeps the gradient it has
          if (used === null || used[i]! > 0) this.#give(i, bucket.views[at]!, parts[at]!);
        });
      }
    });
    this.#open = false;
    // what comes now is not from the wrapper's outputs: of the module alone, for example
    this.#expecting = false;
    this.#used.fill(false);
  }
  #give(i: number, view: Tensor, average: Tensor): void {
    const p = this.#params[i]!;
    if (this.#options.asView) {
      if (average !== view) scaleInto(view, average, 1);
      p.grad = view;
    } else if (p.grad === null) p.grad = average.clone();
    else scaleInto(p.grad, average, 1);
  }

  // ---- for processes that have no more inputs ------------------------------------------------------------------------

  /** Takes part in the reduction of the others with zeros. */
  shadow(): void {
    noGrad(() => {
      for (const bucket of this.buckets) {
        bucket.buffer.zero_();
        this.#start(bucket);
      }
      if (this.findUnused) {
        this.#used.fill(false);
        this.#startUsed();
      }
      for (const bucket of this.buckets) {
        bucket.finish!();
        bucket.finish = null;
      }
      this.#usedWork?.wait();
      this.#usedWork = null;
    });
  }
}
