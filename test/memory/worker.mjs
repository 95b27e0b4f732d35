// The start of a worker thread: registers tsx, which older Nodes do not pass on to workers, then runs worker.ts.
import { register } from 'tsx/esm/api';

register();
await import('./worker.ts');
