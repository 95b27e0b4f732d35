// torch.cuda.nvtx: marks for NVIDIA's profilers. They are not sent anywhere yet; scripts that set them run.
import { during } from './devices.ts';

let depth = 0;
let last = 0;
/**
 * Begins a range within the one that is open, and gives how many are around it.
 * @example
 * const around = torch.cuda.nvtx.rangePush('forward')
 * torch.cuda.nvtx.rangePop()
 * around // 0
 */
export const rangePush = (_message: string): number => depth++;
/**
 * Ends the innermost range, and gives how many are around it; -1 where none was open.
 * @example
 * torch.cuda.nvtx.rangePush('forward')
 * torch.cuda.nvtx.rangePop() // 0
 */
export const rangePop = (): number => (depth > 0 ? --depth : -1);
/**
 * Begins a range that may overlap others, and gives its number.
 * @example
 * torch.cuda.nvtx.rangeEnd(torch.cuda.nvtx.rangeStart('copy')) // undefined
 */
export const rangeStart = (_message: string): number => ++last;
/**
 * Ends the range of that number.
 * @example
 * torch.cuda.nvtx.rangeEnd(torch.cuda.nvtx.rangeStart('copy')) // undefined
 */
export function rangeEnd(_range: number): void {}
/**
 * Marks a moment.
 * @example
 * torch.cuda.nvtx.mark('epoch 1') // undefined
 */
export function mark(_message: string): void {}
/**
 * Runs `f` in a range, and gives back what it returns.
 * @example
 * torch.cuda.nvtx.range('add', () => torch.ones(2).add(1)) // tensor([2., 2.])
 */
export function range<R>(message: string, f: () => R): R {
  return during('range', f, () => rangePush(message), rangePop);
}
