// Runs a script of this folder, or of ../fuzz, in a process of its own. Used by the tests of memory and of bad input.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.ts';
import type { Report } from './report.ts';

export interface Outcome {
  status: number | null;
  signal: string | null;
  stderr: string;
  stdout: string;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Without coverage, which costs what is measured here: 20 to 40 MB, and time. */
function node(args: readonly string[], env: Record<string, string>): Promise<Outcome> {
  const { NODE_V8_COVERAGE: _, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...inherited, ...env } });
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

/** Runs a TypeScript file, given relative to test/, and waits for it. */
export function run(script: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Outcome> {
  return node(['--import', 'tsx', `test/${script}`, ...args], env);
}

function reportOf(script: string, { status, signal, stderr, stdout }: Outcome): Report {
  if (status !== 0) throw new Error(`${script} ended with ${signal ?? status}:\n${stderr.slice(-3000)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Report;
}

/** The report that a script of this folder prints, run from its sources. Throws with its stderr if it failed. */
export async function measureSources(script: string): Promise<Report> {
  return reportOf(script, await run(`memory/${script}`));
}

/**
 * The report of a script of this folder in one bundle with the library, as the package ships: tsx and the sources would
 * double what V8 holds, and the time of its collections. Throws with its stderr if it failed.
 */
export async function measure(
  script: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Report> {
  const file = `dist/memory-${script.replace('.ts', '.mjs')}`;
  await bundle(`test/memory/${script}`, file);
  return reportOf(script, await node([file, ...args], env));
}
