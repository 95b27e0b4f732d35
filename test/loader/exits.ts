// A worker that ends as it is asked for a sample.
import * as torch from 'flambeau';

export const dataset = new (class extends torch.utils.data.Dataset<number> {
  readonly length = 7;
  override get(): number {
    process.exit(3);
  }
})();
