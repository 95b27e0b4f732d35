// Tells of a training run: a progress bar in a terminal, a line an epoch anywhere. Called by index.ts.
import { Presets, SingleBar } from 'cli-progress';
import type { Epoch, Listener } from './train.ts';

/** The widest bar; a narrow terminal gets a narrower one. */
const WIDTH = 40;

/** A listener for a run of `epochs`; `stop` takes the bar away. */
export function progress(epochs: number): Required<Listener> & { stop(): void } {
  const out = process.stdout;
  const terminal = out.isTTY && process.env.TERM !== 'dumb';
  let bar: SingleBar | null = null;
  let finished = 0;
  let start = performance.now();
  const hide = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    batch(done: number, of: number, loss: number): void {
      if (!terminal) return;
      const payload = { epoch: `epoch ${finished + 1}/${epochs}`, loss: loss.toFixed(4) };
      if (bar === null) {
        const rest = ` ${payload.epoch}  ${of}/${of}  loss 0.0000 `.length;
        bar = new SingleBar(
          {
            format: ' {epoch} {bar} {value}/{total}  loss {loss}',
            barsize: Math.max(3, Math.min(WIDTH, out.columns - rest - 1)),
            stream: out,
            hideCursor: true,
            clearOnComplete: true,
            gracefulExit: false,
          },
          Presets.shades_classic,
        );
        bar.start(of, done, payload);
      } else bar.update(done, payload);
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
