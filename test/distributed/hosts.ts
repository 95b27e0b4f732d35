// Several hosts on this machine: network namespaces with a network of delay and loss between them (relay.py), and an agent by
// which mpirun starts its daemons in them as it would by ssh. Used by hosts.test.ts. Needs root, `ip` and /dev/net/tun.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Network {
  readonly hosts: number;
  /** Of each packet, in one direction. */
  readonly delayMs: number;
  /** The part of the packets that is lost. */
  readonly loss: number;
}
/** How a job ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly seconds: number;
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
};
const addressOf = (host: number): string => `10.77.0.${host + 1}`;

/** Why this machine cannot have such hosts, in a line, or null. */
export function whyNot(): string | null {
  if (process.platform !== 'linux') return 'only Linux has network namespaces';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  if (spawnSync('ip', ['-V']).error) return '`ip` is missing (Debian: apt install iproute2)';
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun';
  const name = `flambeau-probe-${process.pid}`;
  const { status, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'del', name]);
  return status === 0 ? null : `\`ip netns add\` is not allowed: ${stderr.trim().split('\n')[0]}`;
}

/** The hosts, until close(). */
export class Hosts {
  readonly #names: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'flambeau-hosts-'));
  #relay: ChildProcess | null = null;

  private constructor(network: Network) {
    this.#names = Array.from({ length: network.hosts }, (_, i) => `flambeau-${process.pid}-${i}`);
  }

  static async start(network: Network): Promise<Hosts> {
    const made = new Hosts(network);
    try {
      await made.#connect(network);
    } catch (error) {
      made.close();
      throw error;
    }
    return made;
  }

  async #connect({ delayMs, loss }: Network): Promise<void> {
    for (const name of this.#names) ip('netns', 'add', name);
    const script = fileURLToPath(new URL('relay.py', import.meta.url));
    const places = this.#names.map((name, i) => `${name}=${addressOf(i)}`);
    const relay = spawn('python3', [script, String(delayMs), String(loss), ...places], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#relay = relay;
    await new Promise<void>((ready, fail) => {
      let errors = '';
      relay.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      relay.stdout.once('data', () => ready());
      relay.once('exit', (code) => fail(new Error(`relay.py ended with ${code}: ${errors}`)));
    });
    this.#names.forEach((name, i) => {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'net0', 'mtu', '9000');
      ip('-n', name, 'addr', 'add', `${addressOf(i)}/24`, 'dev', 'net0');
      ip('-n', name, 'link', 'set', 'net0', 'up');
    });
    // as ssh: the host, then words that its shell reads; a name of its own, by which Open MPI tells hosts apart
    const agent = `#!/bin/sh\nhost=$1\nshift\nexec ip netns exec "flambeau-${process.pid}-$((\${host##*.} - 1))" unshare --uts sh -c "hostname host$((\${host##*.} - 1)); $*"\n`;
    writeFileSync(this.agent, agent);
    chmodSync(this.agent, 0o755);
  }

  get agent(): string {
    return join(this.#folder, 'agent');
  }

  /** Open MPI's `--host`, with as many slots on each. */
  list(slots: number): string {
    return this.#names.map((_, i) => `${addressOf(i)}:${slots}`).join(',');
  }

  /** Variables by which Open MPI keeps to this network, and starts its daemons by the agent. */
  get variables(): Readonly<Record<string, string>> {
    return {
      OMPI_MCA_plm_rsh_agent: this.agent,
      OMPI_MCA_pml: 'ob1',
      OMPI_MCA_btl: 'self,vader,tcp',
      OMPI_MCA_btl_tcp_if_include: '10.77.0.0/24',
      OMPI_MCA_oob_tcp_if_include: '10.77.0.0/24',
      // the same for Open MPI 5, whose daemons are PRRTE's
      PRTE_MCA_plm_ssh_agent: this.agent,
      PRTE_MCA_prte_if_include: '10.77.0.0/24',
    };
  }

  /** Runs a command on the first host; `during` is called with each new piece of output and what there was before. */
  run(
    command: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>>,
    during: (output: string) => void = () => {},
  ): Promise<Ended> {
    const begin = performance.now();
    const child = spawn(this.agent, [addressOf(0), [command, ...args].map((word) => `'${word}'`).join(' ')], {
      env: { ...process.env, ...this.variables, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const take = (text: string): void => {
      output += text;
      during(output);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    return new Promise((done, fail) => {
      child.once('error', fail);
      child.once('close', (code) => done({ code, output, seconds: (performance.now() - begin) / 1e3 }));
    });
  }

  /** Takes a host off the network, without a word to the others. */
  cut(host: number): void {
    ip('-n', this.#names[host]!, 'link', 'set', 'net0', 'down');
  }
  /** The processes that still run on a host. */
  processes(host: number): readonly number[] {
    const { stdout } = spawnSync('ip', ['netns', 'pids', this.#names[host]!], { encoding: 'utf8' });
    return stdout.split('\n').filter(Boolean).map(Number);
  }
  /** Their command lines. */
  commands(host: number): readonly string[] {
    const pids = this.processes(host);
    if (pids.length === 0) return [];
    const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', pids.join(',')], { encoding: 'utf8' });
    return stdout.split('\n').filter((line) => line.startsWith(process.execPath) && !line.includes(' run '));
  }

  close(): void {
    for (const [host, name] of this.#names.entries()) {
      for (const pid of this.processes(host)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended
        }
      }
      spawnSync('ip', ['netns', 'del', name]);
    }
    this.#relay?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
