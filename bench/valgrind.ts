// Valgrind for counts.ts: the one on PATH, else Debian's or Ubuntu's package, unpacked into .tools/ without root. And the
// reading of what its tool callgrind writes.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Valgrind {
  readonly command: string;
  /** Talks to a running valgrind. */
  readonly vgdb: string;
  readonly env: NodeJS.ProcessEnv;
}

const folder = fileURLToPath(new URL('../.tools/valgrind', import.meta.url));

/** apt's lists and packages go to the folder, too: a bare machine has no lists, and the system's are root's. */
function unpack(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'apt/lists/partial'), { recursive: true });
  mkdirSync(join(folder, 'apt/cache/archives/partial'), { recursive: true });
  const places = [`Dir::State::Lists=${folder}/apt/lists`, `Dir::Cache=${folder}/apt/cache`].flatMap((o) => ['-o', o]);
  for (const args of [['update'], ['download', 'valgrind']]) {
    const { status, error, stderr } = spawnSync('apt-get', ['-qq', ...places, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) {
      throw new Error(
        `counts: valgrind is not on PATH, and apt-get ${args.join(' ')} failed: ${error?.message ?? stderr}`,
      );
    }
  }
  const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
  if (archive === undefined) throw new Error(`counts: apt-get left no package of valgrind in ${folder}`);
  execFileSync('dpkg', ['-x', archive, '.'], { cwd: folder, stdio: 'inherit' });
  for (const name of [archive, 'apt', 'usr/share']) rmSync(join(folder, name), { recursive: true });
}

/** Finds or installs it. */
export function valgrind(): Valgrind {
  const on = (process.env.PATH ?? '').split(delimiter).map((path) => join(path, 'valgrind'));
  const installed = on.find((path) => existsSync(path));
  if (installed !== undefined) return { command: installed, vgdb: join(dirname(installed), 'vgdb'), env: process.env };
  const bin = join(folder, 'usr/bin');
  if (!existsSync(join(bin, 'vgdb'))) unpack();
  // beside the tools lies what they preload; where, depends on the release of the system
  const tool = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) =>
    /\/callgrind-\w+-linux$/.test(path),
  );
  if (tool === undefined) throw new Error(`counts: there is no callgrind in ${folder}`);
  // Debian's `valgrind` is a script that starts the one in /usr
  const command = [join(bin, 'valgrind.bin'), join(bin, 'valgrind')].find((path) => existsSync(path))!;
  return { command, vgdb: join(bin, 'vgdb'), env: { ...process.env, VALGRIND_LIB: resolve(folder, dirname(tool)) } };
}

const OBJECT = /^(c?)ob=\((\d+)\)(?: (.*))?$/;
const COST = /^[+\-*\d]\S* (\d+)$/;

/**
 * Instructions by the file that they lie in, of one dump of callgrind; `???` are those that V8 made. A line of cost counts
 * for the file named last (`ob=`), but the one behind `calls=` repeats what the callee has cost.
 */
export function instructions(dump: string): Map<string, number> {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  let object = '???';
  let repeated = false;
  for (const line of dump.split('\n')) {
    const named = OBJECT.exec(line);
    if (named) {
      const [, called, number, name] = named;
      if (name !== undefined) names.set(number!, name);
      if (!called) object = names.get(number!)!;
    } else if (line.startsWith('calls=')) {
      repeated = true;
    } else {
      const cost = COST.exec(line);
      if (!cost) continue;
      if (!repeated) counts.set(object, (counts.get(object) ?? 0) + Number(cost[1]));
      repeated = false;
    }
  }
  return counts;
}
