// The start of a loader's thread where the library runs from its sources: registers what reads TypeScript there.
import { register } from 'tsx/esm/api';

register();
await import('../index.ts');
