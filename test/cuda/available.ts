// Whether there is a GPU to test on (FLAMBEAU_CUDA=emulate makes one), and values brought back from it.
import * as torch from '../../lib/index.ts';

export const device = 'cuda:0';

export const available = ((): boolean => {
  try {
    torch.zeros(1, { device });
    return true;
  } catch {
    return false;
  }
})();

export const numbers = (x: torch.Tensor): number[] => x.to('cpu').to('float64').reshape(-1).tolist() as number[];
