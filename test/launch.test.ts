// `flambeau run` without an mpirun: its command line, the command that it makes of it for each MPI, and what a process reads
// from its launcher's variables. test/distributed/run.test.ts starts jobs.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { checkPlace, placeOf, setTorchVariables, threadsOf } from '../lib/distributed/environment.ts';
import { flavourOf, forwarded, mpirunArguments, nodeOptionsOf, untag } from '../lib/launch/command.ts';
import { type Job, readJob } from '../lib/launch/options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flambeau-launch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const job = (...args: readonly string[]): Job => {
  const read = readJob(args);
  if (read === null) throw new Error('help');
  return read;
};

describe('the command line', () => {
  test('options end where the script begins', () => {
    const read = job('--nproc', '4', '--threads', '2', '--prefix', 'train.js', '--nproc', '9', '--lr', '0.1');
    expect(read).toMatchObject({
      script: 'train.js',
      args: ['--nproc', '9', '--lr', '0.1'],
      processes: 4,
      prefix: true,
    });
    expect(read.variables).toEqual({ FLAMBEAU_NUM_THREADS: '2' });
    expect(job('--debug', '--', '-x.js', '--', 'a')).toMatchObject({
      script: '-x.js',
      args: ['--', 'a'],
      processes: 1,
    });
    expect(job('--nproc=3', '--timeout=7', '--debug', 'a.js').variables).toEqual({
      FLAMBEAU_DISTRIBUTED_TIMEOUT: '7',
      TORCH_DISTRIBUTED_DEBUG: 'DETAIL',
    });
    expect(readJob(['--nproc', '4', '--help'])).toBe(null);
  });
  test('processes in all and on each host', () => {
    expect(job('--nnodes', '2', '--nproc-per-node', '3', 'a.js')).toMatchObject({ processes: 6, perHost: 3 });
    expect(job('--nnodes', '2', '--nproc', '6', 'a.js')).toMatchObject({ processes: 6, perHost: 3 });
    expect(job('--nproc-per-node', '3', 'a.js')).toMatchObject({ processes: 3, perHost: null });
    expect(job('--hostfile', 'hosts', 'a.js')).toMatchObject({ processes: null, perHost: null, hostfile: 'hosts' });
    expect(job('--host', 'a,b', '--nproc-per-node', '2', 'a.js')).toMatchObject({ processes: null, perHost: 2 });
  });
  test.each([
    [['--nproc', '0', 'a.js'], RangeError, "flambeau run: --nproc: expected a whole number from 1 on but received '0'"],
    [['--threads', 'x', 'a.js'], RangeError, "--threads: expected a whole number from 1 on but received 'x'"],
    [['--nproc', '5', '--nnodes', '2', 'a.js'], RangeError, '--nproc 5 cannot be shared out equally to --nnodes 2'],
    [['--nproc', '5', '--nnodes', '2', '--nproc-per-node', '2', 'a.js'], RangeError, '--nproc is 5, but'],
    [['--nnodes', '2', 'a.js'], TypeError, '--nnodes 2 needs --nproc or --nproc-per-node'],
    [['--nproc', '2'], TypeError, 'there is no script'],
    [['--nprocs', '2', 'a.js'], TypeError, "Unknown option '--nprocs'"],
  ])('%j is refused', (args, type, message) => {
    expect(() => readJob(args)).toThrow(type);
    expect(() => readJob(args)).toThrow(message);
  });
});

describe('the command', () => {
  const machine = { cores: 2, root: false, allocated: false };
  test('tells the MPIs apart', () => {
    expect(flavourOf('mpirun', 'mpirun (Open MPI) 4.1.4\n\nReport bugs')).toBe('openmpi4');
    expect(flavourOf('mpirun', 'mpirun (Open MPI) 5.0.11')).toBe('openmpi5');
    expect(flavourOf('mpirun', 'HYDRA build details:\n    Version:   5.0.2')).toBe('hydra');
    expect(flavourOf('mpirun', 'Intel(R) MPI Library for Linux* OS, Version 2021.11')).toBe('hydra');
    expect(() => flavourOf('mpirun', 'mpirun 1')).toThrow(/neither Open MPI nor MPICH(.|\n)*apt install openmpi-bin/);
  });
  const line = (args: readonly string[], flavour: 'openmpi4' | 'openmpi5' | 'hydra', more = {}): string =>
    mpirunArguments(job(...args, 'a.js'), flavour, { ...machine, ...more }, ['FLAMBEAU_X']).join(' ');
  test('Open MPI 4', () => {
    expect(line(['--nproc', '4', '--prefix'], 'openmpi4')).toBe(
      '-n 4 --oversubscribe --bind-to none --tag-output -x FLAMBEAU_X',
    );
    expect(line(['--nproc', '4'], 'openmpi4', { root: true, allocated: true })).toBe(
      '--allow-run-as-root -n 4 --bind-to none -x FLAMBEAU_X',
    );
    // slots that were given are kept to
    expect(line(['--nproc', '4', '--host', 'a:2,b:2'], 'openmpi4')).toBe(
      '-n 4 --host a:2,b:2 --bind-to none -x FLAMBEAU_X',
    );
    expect(line(['--hostfile', 'h', '--nnodes', '2', '--nproc-per-node', '2'], 'openmpi4')).toBe(
      '-n 4 --hostfile h --map-by ppr:2:node --bind-to none -x FLAMBEAU_X',
    );
  });
  test('Open MPI 5', () => {
    expect(line(['--nproc', '4', '--prefix'], 'openmpi5')).toBe(
      '-n 4 --map-by :OVERSUBSCRIBE --bind-to none --output tag -x FLAMBEAU_X',
    );
  });
  test('MPICH', () => {
    expect(line(['--nproc', '4', '--prefix'], 'hydra')).toBe('-n 4 -bind-to none -prepend-rank');
    expect(line(['--nnodes', '2', '--nproc', '4', '--hostfile', 'h'], 'hydra')).toBe('-n 4 -ppn 2 -f h -bind-to none');
  });
  test('lines begin with their rank', () => {
    expect(untag('openmpi4')('[1,12]<stdout>:  a [1,2]<stdout>:')).toBe('[12]   a [1,2]<stdout>:');
    expect(untag('openmpi5')('[1,3]<stderr>:  a')).toBe('[3]  a');
    expect(untag('openmpi4')('mpirun detected')).toBe('mpirun detected');
  });
  test('variables that go to other hosts', () => {
    const variables = {
      FLAMBEAU_A: '1',
      HOME: '2',
      NODE_OPTIONS: '3',
      TORCH_DISTRIBUTED_DEBUG: '4',
      NCCL_DEBUG: '5',
      RANK: '6',
    };
    expect(forwarded(variables)).toEqual(['FLAMBEAU_A', 'NCCL_DEBUG', 'NODE_OPTIONS', 'TORCH_DISTRIBUTED_DEBUG']);
  });
  test('TypeScript goes to Node where it strips types, and else to the project’s tsx', () => {
    const there = join(root, 'test/launch.test.ts');
    expect(nodeOptionsOf('a.mjs', false)).toEqual([]);
    expect(nodeOptionsOf(there, true)).toEqual([]);
    expect(nodeOptionsOf(there, false)).toEqual(['--import', expect.stringMatching(/^file:.*tsx.*\.mjs$/)]);
    mkdirSync(join(folder, 'empty'));
    const cli = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), 'run', 'a.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(cli.stderr).toBe('flambeau run: there is no script a.ts\n');
    writeFileSync(join(folder, 'a.ts'), '');
    if (!Reflect.get(process.features, 'typescript')) {
      const cli = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), 'run', 'a.ts'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect(cli.stderr).toMatch(
        /^flambeau run: a\.ts is TypeScript, which Node v\d.* does not read by itself: `npm install tsx`/,
      );
      expect(cli.status).toBe(1);
    }
  });
  test('what a missing mpirun says', () => {
    writeFileSync(join(folder, 'a.js'), '');
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.cjs'), 'run', 'a.js'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: folder },
    });
    expect(stderr).toMatch(
      /^flambeau run: there is no mpirun and no mpiexec on PATH\.\nInstall Open MPI \(Debian, Ubuntu: apt install openmpi-bin/,
    );
    expect(status).toBe(1);
  });
});

describe('a process’s place', () => {
  const open = {
    OMPI_COMM_WORLD_RANK: '3',
    OMPI_COMM_WORLD_SIZE: '4',
    OMPI_COMM_WORLD_LOCAL_RANK: '1',
    OMPI_COMM_WORLD_LOCAL_SIZE: '2',
  };
  const slurm = {
    SLURM_STEP_ID: '0',
    SLURM_PROCID: '5',
    SLURM_NTASKS: '7',
    SLURM_LOCALID: '1',
    SLURM_NODEID: '2',
    SLURM_STEP_TASKS_PER_NODE: '2(x3),1',
  };
  test('of each launcher', () => {
    expect(placeOf({})).toBe(null);
    expect(placeOf(open)).toEqual({
      launcher: 'Open MPI',
      variable: 'OMPI_COMM_WORLD_RANK',
      rank: 3,
      size: 4,
      localRank: 1,
      localSize: 2,
      node: null,
    });
    expect(placeOf(slurm)).toMatchObject({ launcher: 'Slurm', rank: 5, size: 7, localRank: 1, localSize: 2, node: 2 });
    expect(placeOf({ ...slurm, SLURM_NODEID: '3' })).toMatchObject({ localSize: 1 });
    // mpirun in a job of Slurm: the step is its daemon's
    expect(placeOf({ ...slurm, ...open })).toMatchObject({ launcher: 'Open MPI', rank: 3, size: 4 });
    // a batch script is no step
    expect(placeOf({ ...slurm, SLURM_STEP_ID: undefined })).toBe(null);
    expect(placeOf({ PMI_RANK: '1', PMI_SIZE: '3', MPI_LOCALRANKID: '0', MPI_LOCALNRANKS: '2' })).toMatchObject({
      launcher: 'PMI',
      rank: 1,
      size: 3,
      localRank: 0,
      localSize: 2,
    });
    expect(placeOf({ ...slurm, PMI_RANK: '5', PMI_SIZE: '7' })).toMatchObject({
      launcher: 'PMI',
      localRank: 1,
      localSize: 2,
      node: 2,
    });
    expect(placeOf({ RANK: '1', WORLD_SIZE: '2', LOCAL_RANK: '1' })).toMatchObject({
      launcher: 'torchrun',
      rank: 1,
      localRank: 1,
    });
  });
  test('that cannot be', () => {
    expect(() => placeOf({ ...open, OMPI_COMM_WORLD_RANK: 'x' })).toThrow(
      "distributed: expected a whole number in the variable OMPI_COMM_WORLD_RANK but received 'x'",
    );
    expect(() => placeOf({ ...open, OMPI_COMM_WORLD_RANK: '4' })).toThrow(
      'distributed: OMPI_COMM_WORLD_RANK is 4, in a job of 4 processes by the variables of Open MPI',
    );
    checkPlace('initProcessGroup', 3, 4, open);
    expect(() => checkPlace('initProcessGroup', 0, 1, slurm)).toThrow(
      'initProcessGroup: MPI says rank 0 of 1, but the variables of Slurm say rank 5 of 7: start it by `srun --mpi=pmix`',
    );
  });
  test('torchrun’s variables and the threads follow from it', () => {
    const variables: Record<string, string | undefined> = { ...open, RANK: '9' };
    setTorchVariables(variables);
    expect(variables).toMatchObject({ RANK: '3', WORLD_SIZE: '4', LOCAL_RANK: '1', LOCAL_WORLD_SIZE: '2' });
    expect(variables).not.toHaveProperty('GROUP_RANK');
    expect(threadsOf({}, 8)).toBe(null);
    expect(threadsOf(open, 9)).toBe(4);
    expect(threadsOf(open, 1)).toBe(1);
    expect(threadsOf({ ...open, OMP_NUM_THREADS: '3' }, 8)).toBe(3);
    expect(threadsOf({ ...open, OMP_NUM_THREADS: '3', FLAMBEAU_NUM_THREADS: '2' }, 8)).toBe(2);
  });
});
