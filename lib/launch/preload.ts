// Runs in each process of a job before its script (`node --require`, by lib/launch/command.ts): torchrun's variables, and the
// share of the cores that the library takes. Becomes dist/preload.cjs.
import { setTorchVariables, threadsOf } from '../distributed/environment.ts';

setTorchVariables();
const threads = threadsOf();
// the library reads it where it is loaded; processes that the script starts share it
if (threads !== null) process.env.FLAMBEAU_NUM_THREADS = String(threads);
