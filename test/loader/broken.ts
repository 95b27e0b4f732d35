// A script whose worker fails as it loads the library, which a loader that blocks the event loop was never told. It runs
// from the sources, whose threads read a tsconfig.
import * as torch from '../../lib/index.ts';

process.env.TSX_TSCONFIG_PATH = 'none.json';
const loader = new torch.utils.data.DataLoader([1, 2], { numWorkers: 1, timeout: 60 });
const said = (error: unknown): void => console.log((error as Error).message);
try {
  console.log([...loader]);
} catch (error) {
  said(error);
}
try {
  for await (const x of loader) console.log(x);
} catch (error) {
  said(error);
}
