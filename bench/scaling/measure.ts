// Measures this machine for measured.json: worker.ts on 2 and 4 processes with one thread each. Called by scaling.ts.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Measured } from './fit.ts';

const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Runs the jobs one after the other, and writes what they measured. Throws Error where one fails. */
export function measure(): void {
  const runs = [2, 4].map((processes): Measured['runs'][number] => {
    const args = ['run', '--nproc', `${processes}`, '--threads', '1', path('worker.ts')];
    const { status, stdout, stderr } = spawnSync(process.execPath, [path('../../dist/cli.cjs'), ...args], {
      encoding: 'utf8',
    });
    const line = /^measured (.*)$/m.exec(stdout)?.[1];
    if (status !== 0 || line === undefined)
      throw new Error(`bench/scaling: ${args.join(' ')} failed: ${stdout}${stderr}`);
    return JSON.parse(line) as Measured['runs'][number];
  });
  const cores = os.availableParallelism();
  const measured: Measured = {
    date: new Date().toISOString().slice(0, 10),
    machine: `${os.cpus()[0]?.model.trim() ?? '?'}, ${cores} cores, Node ${process.versions.node}`,
    cores,
    runs,
  };
  const short = (_: string, v: unknown): unknown =>
    typeof v === 'number' && !Number.isInteger(v) ? Number(v.toPrecision(4)) : v;
  writeFileSync(path('measured.json'), `${JSON.stringify(measured, short, 1)}\n`);
}
