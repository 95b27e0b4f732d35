// The blocks of docs/distributed.md that need several processes (fenced as typescript): each is a script, run by `flambeau run` on
// two processes, whose output is what the comment at its end says. test/examples.test.ts runs the pages' other blocks.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
// within the repo, where the name flambeau means itself
const folder = join(root, 'build/docs-distributed');
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

const page = readFileSync(join(root, 'docs/distributed.md'), 'utf8');
const blocks = [...page.matchAll(/^```typescript\n(.*?)^```/gms)].map((match): [line: number, code: string] => [
  page.slice(0, match.index).split('\n').length,
  match[1]!,
]);

test.each(blocks)('docs/distributed.md:%i', (line, code) => {
  const comment = /(?:^\/\/ .*\n)+$/m.exec(code)?.[0] ?? '';
  const promised = comment.replaceAll(/^\/\/ /gm, '');
  expect(promised, 'a block ends with what it prints').not.toBe('');
  const file = join(folder, `block-${line}.ts`);
  writeFileSync(file, code);
  const mpirun = process.env.FLAMBEAU_MPIRUN ?? 'mpirun';
  const args = ['run', '--mpirun', mpirun, '--nproc', '2', '--timeout', '40', file];
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1', FORCE_COLOR: '0' },
  });
  expect(stdout, stderr).toBe(promised);
  expect(status, stderr).toBe(0);
});
