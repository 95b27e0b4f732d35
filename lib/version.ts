// The version and what it was built with. The number is in lib/addon.ts and package.json (test/smoke.test.ts compares them).
import { libraryVersion } from './addon.ts';
import { cudaStatus } from './cuda/native.ts';

/**
 * The version of this library: `torch.__version__`.
 * @example
 * torch.__version__ // 0.1.0
 */
export const __version__: string = libraryVersion;

/**
 * The version of this library, and of the CUDA that its backend was built with: null where there is no such backend.
 * @example
 * torch.version.cuda === null || torch.version.cuda.length > 0 // true
 */
export const version: { readonly __version__: string; readonly cuda: string | null } = {
  __version__,
  get cuda(): string | null {
    return (
      cudaStatus()
        .addon?.libraries()
        .find(({ name }) => name === 'cudart')?.version ?? null
    );
  },
};
