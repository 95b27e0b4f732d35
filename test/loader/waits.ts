// A worker whose samples take too long.
import * as torch from 'flambeau';

export const dataset = new (class extends torch.utils.data.Dataset<Promise<number>> {
  readonly length = 7;
  override get(index: number): Promise<number> {
    return new Promise((resolve) => setTimeout(resolve, 60_000, index));
  }
})();
