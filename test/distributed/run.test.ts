// `flambeau run` starts jobs: what the processes read, how their output comes, and how a job ends. test/launch.test.ts looks at its
// command line.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flambeau-run-'));
afterAll(() => rmSync(folder, { recursive: true }));
const script = join(folder, 'job.mjs');
writeFileSync(
  script,
  `const { RANK, WORLD_SIZE, LOCAL_RANK, FLAMBEAU_NUM_THREADS, FLAMBEAU_X } = process.env;
const [what, ...args] = process.argv.slice(2);
console.log([RANK, WORLD_SIZE, LOCAL_RANK, FLAMBEAU_NUM_THREADS, FLAMBEAU_X, ...args].join(' '));
if (what === 'fail' && RANK === '1') process.exit(7);
if (what !== 'end') console.log(\`process \${process.pid}\`), setInterval(() => {}, 1000);
`,
);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
}
/** Runs a job; `signal` is sent to the command when all processes have begun. */
function run(args: readonly string[], processes: number, signal: NodeJS.Signals | null = null): Promise<Ended> {
  const mpirun = process.env.FLAMBEAU_MPIRUN ?? 'mpirun';
  const child = spawn(process.execPath, [cli, 'run', '--mpirun', mpirun, '--nproc', `${processes}`, ...args], {
    env: { ...process.env, FLAMBEAU_X: 'x', OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (signal === null || sent || stdout.match(/process \d+\n/g)?.length !== processes) return;
    sent = true;
    child.kill(signal);
  });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done({ code, stdout }));
  });
}
const lines = (text: string): string[] => text.trim().split('\n').sort();
const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** mpirun sends signals, and may have ended a moment before those that they go to. */
async function nothingRuns(stdout: string, processes: number): Promise<void> {
  const pids = [...stdout.matchAll(/process (\d+)/g)].map((match) => Number(match[1]));
  expect(pids.length).toBe(processes);
  for (let i = 0; i < 50 && pids.some(runs); i++) await new Promise((later) => setTimeout(later, 100));
  expect(pids.filter(runs)).toEqual([]);
}

test('each process has torchrun’s variables, its threads and its arguments', async () => {
  const { code, stdout } = await run(['--threads', '2', script, 'end', '--lr', 'a b'], 3);
  expect(lines(stdout)).toEqual([0, 1, 2].map((rank) => `${rank} 3 ${rank} 2 x --lr a b`));
  expect(code).toBe(0);
});
test('--prefix begins lines with their rank', async () => {
  const { stdout } = await run(['--threads', '1', '--prefix', script, 'end'], 2);
  expect(lines(stdout)).toEqual(['[0] 0 2 0 1 x', '[1] 1 2 1 1 x']);
});
test('the exit code is that of the process that failed, which ends the others', async () => {
  const { code, stdout } = await run([script, 'fail'], 2);
  expect(code).toBe(7);
  await nothingRuns(stdout, /process \d+/.test(stdout) ? 1 : 0);
});
test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s ends all processes', async (signal, wanted) => {
  const { code, stdout } = await run([script, 'wait'], 2, signal);
  expect(code).toBe(wanted);
  await nothingRuns(stdout, 2);
});
