#!/usr/bin/env node
// The command `flambeau`: `flambeau run` starts a script as a job of several processes. Becomes dist/cli.cjs, the package's
// bin; it does not load the library.
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findMpirun, forwarded, mpirunArguments, nodeOptionsOf, untag } from './command.ts';
import { HELP, readJob } from './options.ts';
import { runJob } from './start.ts';

/** Schedulers under which mpirun knows the hosts by itself. */
const SCHEDULERS = ['SLURM_JOB_ID', 'PBS_JOBID', 'LSB_JOBID', 'PE_HOSTFILE'];

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

async function run(args: readonly string[]): Promise<number> {
  const job = readJob(args);
  if (job === null) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }
  if (!existsSync(job.script)) throw new Error(`flambeau run: there is no script ${job.script}`);
  const preload = join(__dirname, 'preload.cjs');
  const node = nodeOptionsOf(job.script, Boolean(Reflect.get(process.features, 'typescript')));
  const { mpirun, flavour } = findMpirun(job.mpirun);
  const machine = {
    cores: availableParallelism(),
    root: process.getuid?.() === 0,
    allocated: SCHEDULERS.some((name) => process.env[name] !== undefined),
  };
  const command = [
    ...mpirunArguments(job, flavour, machine, forwarded({ ...process.env, ...job.variables })),
    process.execPath,
    '--require',
    preload,
    ...node,
    job.script,
    ...job.args,
  ];
  if (job.dryRun) {
    const variables = Object.entries(job.variables).map(([name, value]) => `${name}=${value} `);
    process.stdout.write(`${variables.join('')}${[mpirun, ...command].map(quoted).join(' ')}\n`);
    return 0;
  }
  const here = job.hostfile === null && job.hosts === null && !machine.allocated;
  if (here && (job.processes ?? 1) > machine.cores)
    process.stderr.write(
      `flambeau run: ${job.processes} processes share ${machine.cores} cores here: this tests a job, it does not speed it up\n`,
    );
  return runJob(mpirun, command, job.variables, job.prefix ? untag(flavour) : null);
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === 'run') return run(args);
  const help = name === undefined || name === '--help' || name === 'help';
  (help ? process.stdout : process.stderr).write(
    help ? `${HELP}\n` : `flambeau: there is no command '${name}', only \`flambeau run\`\n`,
  );
  return help ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error & { code?: string }) => {
    const { message, code } = error;
    // parseArgs says what is wrong without saying of what
    process.stderr.write(`${code?.startsWith('ERR_PARSE_ARGS') ? `flambeau run: ${message}` : message}\n`);
    process.exitCode = error instanceof TypeError || error instanceof RangeError ? 2 : 1;
  },
);
