// Several hosts: network namespaces of this machine, two processes in each, 2 ms and a packet in a hundred lost between them, and
// Open MPI over TCP. Where namespaces are not allowed, one test says so and why.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Hosts, whyNot } from './hosts.ts';
import { bundled } from './launch.ts';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));
const MPIRUN = process.env.FLAMBEAU_MPIRUN ?? 'mpirun';
/** That of the script's process group, in seconds. */
const TIMEOUT = 6;
/** How long mpirun may take to end what is left: lib/launch/start.ts. */
const PATIENCE = 10;

const reason = whyNot();

function onTwoHosts(): void {
  let hosts: Hosts;
  let script: string;
  beforeAll(async () => {
    script = await bundled('test/distributed/scripts/hosts.ts');
    hosts = await Hosts.start({ hosts: 2, delayMs: 2, loss: 0.01 });
  });
  afterAll(() => hosts?.close());

  const run = (what: string, during?: (output: string) => void): ReturnType<Hosts['run']> =>
    hosts.run(
      process.execPath,
      [cli, 'run', '--mpirun', MPIRUN, '--nproc', '4', '--host', hosts.list(2), '--threads', '1', script, what],
      { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
      during,
    );
  /** The processes of the script, on all hosts; those of mpirun and its daemons are no more than its way to end. */
  const left = (): readonly string[] =>
    [0, 1].flatMap((host) => hosts.commands(host)).filter((line) => line.includes(script));
  async function nothingLeft(): Promise<void> {
    for (let i = 0; i < 50 && left().length > 0; i++) await new Promise((later) => setTimeout(later, 100));
    expect(left()).toEqual([]);
  }

  test('collectives', async () => {
    const { code, output } = await run('collectives');
    expect(output).toContain('ok host0:0 host0:1 host1:0 host1:1');
    expect(code, output).toBe(0);
  });
  test('a step of data-parallel training', async () => {
    const { code, output } = await run('step');
    expect(output).toContain('ok step');
    expect(code, output).toBe(0);
  });
  test('a process that is killed in a step ends the job everywhere, by its rank and reason', async () => {
    let killed = 0;
    const { code, output } = await run('endless', (so) => {
      const pid = /rank 3 is process (\d+)/.exec(so)?.[1];
      if (killed > 0 || pid === undefined) return;
      killed = performance.now();
      process.kill(Number(pid), 'SIGKILL');
    });
    assert.ok(killed > 0, output);
    expect((performance.now() - killed) / 1e3).toBeLessThan(TIMEOUT + PATIENCE);
    // Open MPI 5 says at times only that it ended a rank which had lost its connection to this one
    expect(output).toMatch(
      /process rank 3 with PID\s\d+\son\snode\s\S+\sexited\son\ssignal\s9\s\(Killed\)|terminated by signals sent by prterun/,
    );
    expect(code, output).not.toBe(0);
    await nothingLeft();
  });
  // the last one: the host stays off the network
  test('a host that goes silent ends the job within the time-out', async () => {
    let cut = 0;
    const { code, output } = await run('endless', (so) => {
      if (cut > 0 || !so.includes('rank 0 is process')) return;
      cut = performance.now();
      hosts.cut(1);
    });
    assert.ok(cut > 0, output);
    expect((performance.now() - cut) / 1e3).toBeLessThan(TIMEOUT + PATIENCE + 5);
    expect(output).toMatch(/flambeau: rank [01] of 4: allReduce.* has not ended within 6 s/);
    expect(code, output).toBe(1);
    await nothingLeft();
  });
}

if (reason === null) describe('two hosts of two processes', onTwoHosts);
else
  test(`several hosts: not run, as ${reason}`, () => {
    console.warn(`test/distributed/hosts.test.ts: nothing was run on several hosts: ${reason}`);
  });
