// A worker that fails outside of its dataset, once it has been asked for a sample.
import * as torch from 'flambeau';

export const dataset = new (class extends torch.utils.data.Dataset<Promise<number>> {
  readonly length = 7;
  override get(): Promise<number> {
    setTimeout(() => {
      throw new RangeError('out of the blue');
    }, 1);
    return new Promise(() => {});
  }
})();
