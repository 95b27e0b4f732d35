// From `require('flambeau')` to the first result, each time in a fresh process. Run by run.ts, not by the worker.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const startup = { name: 'startup', title: "require('flambeau') to the first result", wantedMs: 30 };

const CODE = `
const start = performance.now();
const torch = require('flambeau');
if (torch.ones(2).add(torch.ones(2)).sum().item() !== 4) throw new Error('wrong result');
console.log(performance.now() - start);
`;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Milliseconds in one fresh process of ours. */
export function ownStart(): number {
  // in the package's own directory its name means itself: dist/index.cjs
  return Number(execFileSync(process.execPath, ['-e', CODE], { cwd: root, encoding: 'utf8' }));
}
/** Milliseconds in one fresh process of the twin. */
export function twinStart(python: string, env: NodeJS.ProcessEnv): number {
  const twin = fileURLToPath(new URL('startup.py', import.meta.url));
  return Number(execFileSync(python, [twin], { encoding: 'utf8', env }));
}
