// Tells of a training run: a progress bar in a terminal, a line an epoch anywhere. Called by index.ts.
import { Presets, SingleBar } from 'cli-progress';
import type { Epoch, Listener } from './train.ts';

/** A listener for a run of `epochs`; `stop` takes the bar away. */
export function progress(epochs: number): Required<Listener> & { stop(): void } {
  const terminal = process.stdout.isTTY === true;
  const format = ' {epoch} {bar} {value}/{total}  loss {loss}';
  const bar = terminal
    ? new SingleBar({ format, hideCursor: true, clearOnComplete: true, gracefulExit: false }, Presets.shades_classic)
    : null;
  let finished = 0;
  let running = false;
  let start = performance.now();
  const hide = (): void => {
    if (running) bar?.stop();
    running = false;
  };
  return {
    batch(done: number, of: number, loss: number): void {
      const payload = { epoch: `epoch ${finished + 1}/${epochs}`, loss: loss.toFixed(4) };
      if (!running) bar?.start(of, done, payload);
      else bar?.update(done, payload);
      running = true;
    },
    epoch(number: number, { trainLoss, loss, accuracy }: Epoch): void {
      hide();
      finished = number;
      const seconds = (performance.now() - start) / 1000;
      start = performance.now();
      console.log(
        `epoch ${String(number).padStart(String(epochs).length)}/${epochs}   loss ${trainLoss.toFixed(4)}   ` +
          `held-out loss ${loss.toFixed(4)}   accuracy ${(100 * accuracy).toFixed(2)} %   ${seconds.toFixed(1)} s`,
      );
    },
    stop: hide,
  };
}
