// Makes the iterable set of loader.test.ts in a worker, later than at once.
import { Count } from './noise.ts';

export const dataset = async (): Promise<Count> => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  return new Count();
};
