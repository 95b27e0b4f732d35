// The training loop, with checkpoints that go on where they stopped, to the last bit. Called by index.ts and the tests.
import { renameSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import * as torch from 'flambeau';
import { Shifter, type Split } from './data.ts';
import { TASKS } from './model.ts';

/** What a run is determined by. */
export interface Settings {
  task: keyof typeof TASKS;
  epochs: number;
  batch: number;
  lr: number;
  seed: number;
}
/** What came out of an epoch, on the held-out images but for `trainLoss`. */
export interface Epoch {
  trainLoss: number;
  loss: number;
  accuracy: number;
}
export interface Evaluation {
  loss: number;
  accuracy: number;
  /** The class seen in each image. */
  predictions: number[];
  /** How sure the network was of it. */
  confidences: number[];
}
/** The functions that {@link Trainer.run} tells of its progress. */
export interface Listener {
  batch?(done: number, of: number, loss: number): void;
  epoch?(number: number, epoch: Epoch): void;
}
interface Checkpoint {
  format: string;
  settings: Settings;
  model: torch.nn.StateDict;
  optimizer: torch.optim.OptimizerStateDict;
  scheduler: Record<string, unknown>;
  rng: torch.Tensor;
  order: torch.Tensor | null;
  epoch: number;
  batch: number;
  losses: number[];
  epochs: Epoch[];
}
const FORMAT = 'flambeau digits checkpoint 1';
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** The share of the learning rate at a step: up in the first tenth, then down along a cosine to nothing. */
function schedule(step: number, steps: number): number {
  const warm = Math.max(1, Math.round(steps / 10));
  if (step < warm) return (step + 1) / warm;
  return (1 + Math.cos((Math.PI * (step - warm)) / (steps - warm))) / 2;
}

/** A network's answers to images (N, 784) with their labels (N). */
export function evaluate(model: torch.nn.Module, images: torch.Tensor, labels: torch.Tensor): Evaluation {
  const training = model.training;
  model.eval();
  const logits = torch.noGrad(() => torch.cat(images.split(250).map((part) => model.forward(part)))); // (N, classes)
  model.train(training);
  const loss = torch.nn.functional.crossEntropy(logits, labels).item() as number;
  const [confidences, predictions] = logits.softmax(1).max(1); // (N), (N)
  const accuracy = predictions.eq(labels).to('float32').mean().item() as number;
  return {
    loss,
    accuracy,
    predictions: predictions.tolist() as number[],
    confidences: confidences.tolist() as number[],
  };
}

/** A network being trained: everything that a checkpoint must hold, and nothing else changes from batch to batch. */
export class Trainer {
  readonly settings: Settings;
  readonly data: Split;
  readonly model: torch.nn.Module;
  /** The loss of every batch so far. */
  readonly losses: number[] = [];
  /** Every finished epoch. */
  readonly history: Epoch[] = [];
  readonly #shifter: Shifter | null;
  readonly #optimizer: torch.optim.AdamW;
  readonly #scheduler: torch.optim.lrScheduler.LambdaLR;
  #epoch = 0;
  #batch = 0;
  /** This epoch's order of the images, while it lasts. */
  #order: torch.Tensor | null = null;

  constructor(settings: Settings, data: Split) {
    const task = TASKS[settings.task];
    torch.manualSeed(settings.seed);
    this.settings = settings;
    this.data = data;
    this.#shifter = task.shift ? new Shifter(data.train.images) : null;
    this.model = task.network().to(data.train.images.device);
    this.#optimizer = new torch.optim.AdamW(this.model.parameters(), { lr: settings.lr, weightDecay: 0.01 });
    const steps = settings.epochs * this.#batches;
    this.#scheduler = new torch.optim.lrScheduler.LambdaLR(this.#optimizer, (step) => schedule(step, steps));
  }

  get #batches(): number {
    return Math.ceil(this.data.train.labels.numel() / this.settings.batch);
  }

  /** Trains to the end, or until the signal is given: then it returns false, and {@link save} keeps the state. */
  async run(listener: Listener = {}, signal?: AbortSignal): Promise<boolean> {
    const { train, test } = this.data;
    while (this.#epoch < this.settings.epochs) {
      if (signal?.aborted) return false;
      this.#order ??= torch.randperm(train.labels.numel());
      const parts = this.#order.split(this.settings.batch);
      while (this.#batch < parts.length) {
        if (signal?.aborted) return false;
        const loss = this.#step(parts[this.#batch]!.to(train.labels.device));
        if (!Number.isFinite(loss)) {
          const where = `in epoch ${this.#epoch + 1}, batch ${this.#batch + 1}`;
          throw new Error(`the loss is ${loss} ${where}: try a lower --lr than ${this.settings.lr}`);
        }
        this.#batch++;
        this.losses.push(loss);
        listener.batch?.(this.#batch, parts.length, loss);
        await setImmediate(); // lets Ctrl-C and the progress bar through
      }
      const { loss, accuracy } = evaluate(this.model, test.images, test.labels);
      const result = { trainLoss: mean(this.losses.slice(-parts.length)), loss, accuracy };
      this.history.push(result);
      this.#epoch++;
      this.#batch = 0;
      this.#order = null;
      listener.epoch?.(this.#epoch, result);
    }
    return true;
  }

  /** One step of training on the images `rows` (B); gives the loss. */
  #step(rows: torch.Tensor): number {
    const { images, labels } = this.data.train;
    const inputs = this.#shifter ? this.#shifter.take(rows) : images.index(rows); // (B, 784)
    const logits = this.model.forward(inputs); // (B, classes)
    const loss = torch.nn.functional.crossEntropy(logits, labels.index(rows));
    this.#optimizer.zeroGrad();
    loss.backward();
    this.#optimizer.step();
    this.#scheduler.step();
    return loss.item() as number;
  }

  /** Writes a checkpoint, in PyTorch's file format: whole or not at all, so that one before it is not lost. */
  save(file: string): void {
    const checkpoint: Checkpoint = {
      format: FORMAT,
      settings: { ...this.settings },
      model: this.model.stateDict(),
      optimizer: this.#optimizer.stateDict(),
      scheduler: this.#scheduler.stateDict(),
      rng: torch.getRngState(),
      order: this.#order,
      epoch: this.#epoch,
      batch: this.#batch,
      losses: this.losses,
      epochs: this.history,
    };
    torch.save(checkpoint, `${file}.new`);
    renameSync(`${file}.new`, file);
  }

  /** Goes on from a checkpoint; `data` gives the images of its task. Throws for a file that is none. */
  static resume(file: string, data: (settings: Settings) => Split): Trainer {
    let saved: Partial<Checkpoint> | null;
    try {
      saved = torch.load<Partial<Checkpoint> | null>(file, { mapLocation: 'cpu' });
    } catch (cause) {
      throw new Error(`${file} is not a checkpoint: ${(cause as Error).message}`, { cause });
    }
    if (saved?.format !== FORMAT) throw new Error(`${file} is not a checkpoint of this program`);
    const checkpoint = saved as Checkpoint;
    const trainer = new Trainer(checkpoint.settings, data(checkpoint.settings));
    trainer.model.loadStateDict(checkpoint.model);
    trainer.#optimizer.loadStateDict(checkpoint.optimizer);
    trainer.#scheduler.loadStateDict(checkpoint.scheduler);
    trainer.#order = checkpoint.order;
    trainer.#epoch = checkpoint.epoch;
    trainer.#batch = checkpoint.batch;
    trainer.losses.push(...checkpoint.losses);
    trainer.history.push(...checkpoint.epochs);
    torch.setRngState(checkpoint.rng); // last: making the network has drawn numbers
    return trainer;
  }
}
