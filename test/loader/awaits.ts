// A script that has nothing to do but wait for a worker that stops.
import * as torch from 'flambeau';
import { Noise } from './noise.ts';

const workerModule = new URL('./exits.ts', import.meta.url);
try {
  for await (const _ of new torch.utils.data.DataLoader(new Noise(), { numWorkers: 1, workerModule }));
  console.log('no error');
} catch (error) {
  console.log((error as Error).message);
}
