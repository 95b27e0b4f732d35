// Finds a CUDA toolkit, or installs nvcc 13.0 from PyPI into .cuda/, an ignored folder of the repo; prints where it is.
// Used by scripts/test-cuda.mjs. CUDA_HOME in the environment names one that is to be used instead.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PACKAGE = 'cuda-toolkit[nvcc,cccl,cudart]==13.0.*';

/** The toolkit inside the virtual environment, whatever its version of Python. */
function inside(environment) {
  const lib = join(environment, 'lib');
  if (!existsSync(lib)) return undefined;
  for (const python of readdirSync(lib)) {
    const home = join(lib, python, 'site-packages', 'nvidia', 'cu13');
    if (existsSync(join(home, 'bin', 'nvcc')) && existsSync(join(home, 'include', 'cccl'))) return home;
  }
  return undefined;
}

/** The toolkit's folder; it holds bin/nvcc, include/ and lib64/. */
export function cudaHome() {
  if (process.env.CUDA_HOME && existsSync(join(process.env.CUDA_HOME, 'bin', 'nvcc'))) {
    return resolve(process.env.CUDA_HOME);
  }
  const environment = join(root, '.cuda');
  let home = inside(environment);
  if (home === undefined) {
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' });
    const pip = join(environment, 'bin', 'pip');
    execFileSync(pip, ['install', '--quiet', '--disable-pip-version-check', PACKAGE], { stdio: 'inherit' });
    home = inside(environment);
    if (home === undefined) throw new Error(`no nvcc in ${environment} after installing ${PACKAGE}`);
  }
  // nvcc and CMake look in lib64, and for the library's name without a version; the wheels have neither.
  if (!existsSync(join(home, 'lib64'))) symlinkSync('lib', join(home, 'lib64'));
  if (!existsSync(join(home, 'lib', 'libcudart.so'))) symlinkSync('libcudart.so.13', join(home, 'lib', 'libcudart.so'));
  return home;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(cudaHome());
