// torch.cuda.nccl: whether NCCL is there. What it does is torch.distributed's: lib/distributed/nccl.ts.
import { describe } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { callCuda, cudaStatus } from './native.ts';

/**
 * The version of NCCL, or null where it is not found: `torch.cuda.libraries()` says why.
 * @example
 * torch.cuda.isAvailable() ? null : torch.cuda.nccl.version() // null
 */
export function version(): [major: number, minor: number, patch: number] | null {
  if (cudaStatus().devices === 0) return null;
  const [code] = callCuda('nccl.version', []);
  if (code === undefined) return null;
  // from 2.9 on the number has five digits
  const major = code < 10000 ? 1000 : 10000;
  return [Math.floor(code / major), Math.floor((code % major) / 100), code % 100];
}

/**
 * Whether NCCL is there and, if tensors are given, can work on them together: each on a GPU of its own, without gaps. Throws
 * TypeError for what is no list of tensors.
 * @example
 * torch.cuda.nccl.isAvailable([torch.ones(2)]) // false
 */
export function isAvailable(tensors: readonly Tensor[] = []): boolean {
  if (!Array.isArray(tensors) || !(tensors as readonly unknown[]).every((x) => x instanceof Tensor))
    throw new TypeError(`isAvailable: expected a list of tensors but received ${describe(tensors)}`);
  const devices = new Set(tensors.map((x) => x.device));
  if (devices.size < tensors.length || tensors.some((x) => !x.isCuda || !x.isContiguous())) return false;
  return version() !== null;
}
