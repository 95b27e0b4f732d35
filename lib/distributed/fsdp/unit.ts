// One unit of fully sharded data parallel: when its parameters are gathered and freed, and its gradients reduced. Made by
// fully-shard.ts; the units below one root share a Course.
import { currentPass, outside, queueCallback } from '../../autograd/engine.ts';
import { mode, noGrad } from '../../autograd/mode.ts';
import { recording } from '../../autograd/node.ts';
import { FLOATING, type DType } from '../../dtype.ts';
import { through } from '../../nn/hooks.ts';
import type { AnyModule } from '../../nn/module.ts';
import type { Tensor } from '../../tensor.ts';
import type { Bucket, Member, Reduction } from './bucket.ts';
import { mapTensors, tensorsIn } from './walks.ts';

/** One call of a unit's forward, on its way through backward. */
interface Passage {
  /** Whether a gradient of its outputs has come in this pass. */
  begun: boolean;
  /** Whether gradients of its inputs are wanted, which then tell when it is over. */
  readonly hasInputs: boolean;
}

/** What the units below one root share: in which order they run, and what is under way. */
export class Course {
  readonly root: Unit;
  readonly units: readonly Unit[];
  /** The order of forward, of this step and of the last one; and the order in which the units came to their ends. */
  #order: Unit[] = [];
  #before: Unit[] = [];
  #ended: Unit[] = [];
  /** The backward pass that runs through these units, by number. */
  #pass = 0;
  #begun: Passage[] = [];
  #reductions: Reduction[] = [];

  constructor(root: Unit, units: readonly Unit[]) {
    this.root = root;
    this.units = units;
    for (const unit of units) unit.course = this;
  }
  /** Whether a backward pass is running through these units. */
  get inBackward(): boolean {
    return this.#pass !== 0 && this.#pass === currentPass();
  }
  /** The root's forward begins: a new step. */
  begin(): void {
    if (this.#pass !== 0) this.#recover();
    this.#before = this.#order;
    this.#order = [];
    this.#ended = [];
  }
  /** Has the unit gathered that will run after this one, if it is the one that did in the last step. */
  enterForward(unit: Unit): void {
    const at = this.#order.push(unit) - 1;
    if (this.#before[at] === unit) this.#before[at + 1]?.prefetch();
  }
  leaveForward(unit: Unit): void {
    this.#ended.push(unit);
  }
  /** Lets go, after the root's forward, of what was gathered ahead for units that did not run this time. */
  leaveRoot(unit: Unit): void {
    if (unit === this.root) for (const inner of this.units) inner.discard();
  }
  /** Backward comes to a call of this unit. */
  enterBackward(unit: Unit, passage: Passage): void {
    if (!this.inBackward) {
      if (this.#pass !== 0) this.#recover();
      this.#pass = currentPass();
      queueCallback(() => this.#finish());
    }
    passage.begun = true;
    this.#begun.push(passage);
    unit.ensure();
    // what is computed again, by utils.checkpoint, asks the module for its parameters
    unit.expose(true);
    this.#ended[this.#ended.lastIndexOf(unit) - 1]?.prefetch();
  }
  /** Takes on a reduction. The one before must end first: so there is never the memory of more than two. */
  add(reductions: readonly Reduction[]): void {
    if (reductions.length === 0) return;
    this.#land();
    this.#reductions.push(...reductions);
  }
  #land(): void {
    const list = this.#reductions;
    this.#reductions = [];
    for (const { land } of list) noGrad(land);
  }
  #finish(): void {
    for (const unit of this.units) unit.endBackward();
    this.#land();
    this.#close();
  }
  #close(): void {
    this.#pass = 0;
    for (const passage of this.#begun) passage.begun = false;
    this.#begun = [];
  }
  /** After a pass that has thrown. */
  #recover(): void {
    this.#land();
    for (const unit of this.units) unit.abandon();
    this.#close();
  }
}

/** How a unit computes in other dtypes: see MixedPrecisionPolicy. */
export interface Casts {
  readonly inputs: DType | null;
  readonly outputs: DType | null;
}

const cast = (dt: DType, x: unknown): unknown =>
  mapTensors(x, (t) => (t.dt.kind === FLOATING && t.dt !== dt ? t.to(dt.name) : t));

/** See above. */
export class Unit {
  readonly module: AnyModule;
  readonly buckets: readonly Bucket[];
  course: Course | null = null;
  /** Whether to free the parameters between forward and backward. */
  reshardAfterForward: boolean;
  /** Whether gradients are reduced after backward, or go on being summed up here. */
  sync = true;
  readonly #casts: Casts;
  #depth = 0;
  #exposed = false;
  /** Calls whose gradients have begun to come, but not those of their inputs. */
  #active = 0;

  constructor(module: AnyModule, buckets: readonly Bucket[], reshardAfterForward: boolean, casts: Casts) {
    this.module = module;
    this.buckets = buckets;
    this.reshardAfterForward = reshardAfterForward;
    this.#casts = casts;
  }
  get members(): readonly Member[] {
    return this.buckets.flatMap((b) => b.members);
  }
  get gathered(): boolean {
    return this.buckets.length > 0 && this.buckets[0]!.gathered;
  }

  // ---- parameters ---------------------------------------------------------------------------------------------------

  /** Starts gathering, ahead of need. */
  prefetch(): void {
    if (!this.gathered) noGrad(() => this.buckets.forEach((b) => b.start()));
  }
  /** Waits for what was started ahead and is not needed. */
  discard(): void {
    for (const bucket of this.buckets) bucket.discard();
  }
  /** Sees to it that the whole parameters are there, with the values of now. */
  ensure(): void {
    noGrad(() => {
      const old = this.buckets.filter((b) => !b.gathered || !b.current);
      for (const bucket of old) bucket.start();
      for (const bucket of old) bucket.finish();
    });
    for (const member of this.members) member.follow(this.#arrive);
  }
  /** Puts the whole parameters into the module, or the shards. */
  expose(full: boolean): void {
    if (full === this.#exposed) return;
    this.#exposed = full;
    for (const member of this.members) member.expose(full);
  }
  /** Frees the whole parameters. */
  reshard(): void {
    if (this.#depth > 0) return;
    this.expose(false);
    for (const bucket of this.buckets) bucket.free();
  }

  // ---- forward ------------------------------------------------------------------------------------------------------

  /** Runs forward, or another method that computes, with the whole parameters. */
  run(f: (...args: readonly unknown[]) => unknown, given: readonly unknown[]): unknown {
    const course = this.course!;
    const again = course.inBackward;
    if (course.root === this && !again && this.#depth === 0) course.begin();
    this.ensure();
    if (!again) course.enterForward(this);
    this.#depth++;
    this.expose(true);
    let out: unknown;
    let passage: Passage | null = null;
    try {
      let args: unknown = this.#casts.inputs === null ? [...given] : cast(this.#casts.inputs, [...given]);
      if (mode.grad) [args, passage] = this.#watchInputs(args as unknown[]);
      out = f(...(args as unknown[]));
      if (this.#casts.outputs !== null) out = cast(this.#casts.outputs, out);
    } catch (error) {
      this.#leave(false);
      this.reshard();
      course.leaveRoot(this);
      throw error;
    }
    this.#leave(again);
    if (!again) {
      course.leaveForward(this);
      course.leaveRoot(this);
    }
    const recorded = passage !== null && this.#watchOutputs(out, passage);
    const stays = again || (recorded && course.root === this);
    if (this.#depth === 0 && !stays && this.reshardAfterForward) this.reshard();
    return out;
  }
  #leave(again: boolean): void {
    if (--this.#depth === 0 && !again) this.expose(false);
  }
  /** Passes the arguments through a node that tells when all their gradients are there. */
  #watchInputs(args: unknown[]): [unknown[], Passage] {
    const found = new Set<Tensor>();
    mapTensors(args, (x) => {
      found.add(x);
      return x;
    });
    const tensors = [...found].filter((x) => x.dt.kind === FLOATING && x.requiresGrad);
    if (!recording(tensors)) return [args, { begun: false, hasInputs: false }];
    const passage: Passage = { begun: false, hasInputs: true };
    const seen = through('FullyShardedInputsBackward', tensors, (grads) => {
      outside(() => {
        if (!passage.begun) return;
        this.#active--;
        this.#settle();
      });
      return grads;
    });
    const by = new Map(tensors.map((x, i) => [x, seen[i]!]));
    return [mapTensors(args, (x) => by.get(x) ?? x) as unknown[], passage];
  }
  /** Has the parameters gathered again when a gradient comes; gives whether any can. */
  #watchOutputs(out: unknown, passage: Passage): boolean {
    const tensors = tensorsIn(out).filter((x) => x.requiresGrad);
    for (const x of tensors) x.registerHook(() => this.#enterBackward(passage));
    return tensors.length > 0;
  }

  // ---- backward -----------------------------------------------------------------------------------------------------

  #enterBackward(passage: Passage): void {
    if (passage.begun) return;
    if (passage.hasInputs) this.#active++;
    this.course!.enterBackward(this, passage);
  }
  readonly #arrive = (member: Member): void => {
    member.arrived = true;
    this.#settle();
  };
  /** Once all gradients have come that can: reduces those of the parameters, and frees the parameters. */
  #settle(): void {
    if (this.#active > 0 || this.members.some((m) => m.full.requiresGrad && !m.arrived)) return;
    for (const member of this.members) member.arrived = false;
    this.#reduce();
    this.reshard();
  }
  #reduce(): void {
    if (this.sync) this.course!.add(noGrad(() => this.buckets.flatMap((b) => b.reduce() ?? [])));
  }
  /** The pass is over: what was not complete ends here. */
  endBackward(): void {
    this.#active = 0;
    for (const member of this.members) member.arrived = false;
    this.#reduce();
    this.discard();
    this.reshard();
  }
  /** After a pass, or a forward, that has thrown. */
  abandon(): void {
    this.#active = 0;
    this.discard();
    for (const bucket of this.buckets) bucket.forget();
    for (const member of this.members) member.arrived = false;
    this.reshard();
  }
}
