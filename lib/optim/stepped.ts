// The base of optimizers whose state is a count of steps and tensors like the parameter, and whose update is one kernel
// over all parameters that have made as many steps. Extended by Adam and its kin.
import type { Tensor } from '../tensor.ts';
import { type BaseOptions, Optimizer, type ParamGroup, type Slot } from './optimizer.ts';

/** See above. Subclasses name their state and give `advance`. */
export abstract class Stepped<O extends BaseOptions> extends Optimizer<O> {
  /** The tensors of a parameter's state, in the kernel's order. */
  protected abstract names(o: O): readonly string[];
  /** Updates parameters whose numbers are the same; `step` counts from 1. */
  protected abstract advance(slots: readonly Slot[], step: number, o: ParamGroup<O>): void;
  /** What numbers a state starts with: `step`, and others that need not be the same for all parameters. */
  protected numbers(_o: O): Readonly<Record<string, number>> {
    return STEP;
  }
  /** What a state tensor starts with. */
  protected initial(_name: string, _o: O): number {
    return 0;
  }

  protected override start(slot: Slot, o: ParamGroup<O>): void {
    for (const [name, value] of Object.entries(this.numbers(o))) this.keep(slot, name, value);
    for (const name of this.names(o)) this.filled(slot, name, this.initial(name, o));
  }
  protected override resume(slot: Slot, o: ParamGroup<O>): void {
    const state = slot.state!;
    for (const [name, value] of Object.entries(this.numbers(o))) state[name] ??= value;
    for (const name of this.names(o)) {
      const value = state[name];
      if (value) slot.tuple.push(value as Tensor);
      else this.filled(slot, name, this.initial(name, o));
    }
  }
  /** Whether two parameters may be updated together; their steps are the same. */
  protected alike(_a: Slot, _b: Slot): boolean {
    return true;
  }
  protected override update(slots: readonly Slot[], o: ParamGroup<O>): void {
    const first = slots[0]!;
    const step = (first.state!.step as number) + 1;
    let same = true;
    for (let i = 0; i < slots.length; i++) {
      const { state } = slots[i]!;
      const own = (state!.step as number) + 1;
      state!.step = own;
      if (own !== step || !this.alike(first, slots[i]!)) same = false;
    }
    if (same) {
      this.advance(slots, step, o);
      return;
    }
    const batches: Slot[][] = [];
    for (const slot of slots) {
      const batch = batches.find(([b]) => b!.state!.step === slot.state!.step && this.alike(b!, slot));
      if (batch) batch.push(slot);
      else batches.push([slot]);
    }
    for (const batch of batches) this.advance(batch, batch[0]!.state!.step as number, o);
  }
}
const STEP = { step: 0 };
