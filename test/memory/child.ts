// Runs a script of this folder, or of ../fuzz, in a process of its own. Used by the tests of memory and of bad input.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

export interface Outcome {
  status: number | null;
  signal: string | null;
  stderr: string;
  stdout: string;
}

/**
 * Runs a TypeScript file, given relative to test/, and waits for it. It does not record coverage, which costs what is
 * measured here: 20 to 40 MB, and time.
 */
export function run(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const { NODE_V8_COVERAGE: _, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { env: { ...inherited, ...env } });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stderr, stdout }));
  });
}

/** The report that a script of this folder prints. Throws with its stderr if it failed. */
export async function measure(
  script: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Report> {
  const { status, signal, stderr, stdout } = await run(`memory/${script}`, args, env);
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status}:\n${stderr.slice(-3000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Report;
}
