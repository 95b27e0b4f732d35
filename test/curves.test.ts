// The scripts of examples/scripts follow their Python twins: with the same seed the same weights, batches and noise, and
// so the same losses, stored by scripts/oracle-curves.py.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as torch from '../lib/index.ts';
import type { Losses, Settings } from '../examples/scripts/data.ts';

type Curves = Readonly<Record<string, readonly number[]>>;
const stored = JSON.parse(readFileSync(new URL('./oracle/curves.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Curves>
>;
/** How many steps agree to 1e-4; after them rounding errors grow, fastest under batch norm of a few images. */
const FIRST: Readonly<Record<string, number>> = { resnet18: 3 };
const LATER = 2e-2;

test.each(Object.entries(stored))(
  '%s',
  async (name, curves) => {
    const script = (await import(`../examples/scripts/${name}.ts`)) as {
      train(settings: Settings): Generator<Losses, string>;
    };
    const steps = Object.values(curves)[0]!.length;
    const training = script.train({ steps, seed: 1, device: 'cpu' });
    let next = training.next();
    for (let i = 0; !next.done; i++, next = training.next()) {
      expect(Object.keys(next.value)).toEqual(Object.keys(curves));
      for (const [key, value] of Object.entries(next.value)) {
        const wanted = curves[key]![i]!;
        const error = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
        expect(error, `${key} of step ${i}: ${value} instead of ${wanted}`).toBeLessThan(
          i < (FIRST[name] ?? 5) ? 1e-4 : LATER,
        );
      }
    }
    expect(typeof next.value).toBe('string');
  },
  120_000,
);

test('npm run example names its scripts, and what is wrong with the command line', () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, ['--import', 'tsx', 'examples/scripts/index.ts', ...args], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
    });
  expect(run('vae', '--steps', '2').stdout).toMatch(/step {4}1 {2}loss 550\.62\d\d {2}kld 0\.0776\n(.|\n)*2 steps in/);
  expect(run('nothing').stderr).toMatch(/'nothing' is invalid.*Allowed choices are mnist-cnn, char-lstm/);
  expect(run('vae', '--steps', 'x').stderr).toMatch(/must be a whole number/);
  if (!torch.cuda.isAvailable())
    expect(run('vae', '--device', 'cuda:0').stderr).toMatch(/--device: .*(CUDA|not available)/);
  expect(run('matmul', '--size', '40').stdout).toMatch(/^CPU time: \d\.\d{4} s\n$/);
});
