// Runs every `@example` of lib/**/*.ts and every ts block of README.md, CONTRIBUTING.md and docs/, and compares what they print
// with the comment that ends them. The lines run in order, with `torch` and a fresh folder `tmp`; the printed value of
// the last expression must be the text of the comment behind it (which may go on in the comment lines below).
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, inspect } from 'node:util';
import { transformSync } from 'esbuild';
import { describe, expect, it, vi } from 'vitest';
import * as torch from '../lib/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Example {
  /** Where it is: file and line. */
  readonly where: string;
  readonly lines: readonly string[];
}

/** The `@example` parts of doc comments; one ends at the next tag or with its comment. */
function inDocComments(file: string): Example[] {
  const found: { where: string; lines: string[] }[] = [];
  let open: string[] | null = null;
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .forEach((line, i) => {
      const inline = /^\s*(?:\/\*)?\*+ ?@example\s*(.*?)(?:\s*\*\/)?$/.exec(line);
      const text = /^\s*\* ?(.*)$/.exec(line)?.[1];
      if (inline) {
        open = inline[1] ? [inline[1]] : [];
        found.push({ where: `${file}:${i + 1}`, lines: open });
      } else if (open === null) return;
      else if (text === undefined || text.startsWith('@') || text === '/') open = null;
      else open.push(text.replace(/\s*\*\/$/, ''));
      if (line.includes('*/')) open = null;
    });
  return found;
}

/** The blocks of a Markdown file that are fenced as ts. */
function inMarkdown(file: string): Example[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map((match) => ({
    where: `${file}:${text.slice(0, match.index).split('\n').length}`,
    lines: match[1]!
      .trimEnd()
      .split('\n')
      .filter((line) => !/^import .* from 'flambeau';?$/.test(line)),
  }));
}

/** The position of a line's `//` that is in no string, or -1. */
function commentAt(line: string): number {
  let quote = '';
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote !== '' && c === '\\') i++;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if (`'"\``.includes(c)) quote = c;
    else if (c === '/' && line[i + 1] === '/') return i;
  }
  return -1;
}

/** Code and the printed text that it promises: the comment behind the last line of code, and those below it. */
function split({ where, lines }: Example): { code: string[]; promised: string | null } {
  const code = lines.filter((line) => line.trim() !== '');
  const promised: string[] = [];
  while (code.at(-1)?.startsWith('//')) promised.unshift(code.pop()!.replace(/^\/\/ ?/, ''));
  const last = code.pop();
  if (last === undefined) assert.fail(`${where}: an example without code`);
  const comment = commentAt(last);
  if (comment >= 0) promised.unshift(last.slice(comment).replace(/^\/\/ ?/, ''));
  code.push(comment >= 0 ? last.slice(0, comment).trimEnd() : last);
  return { code, promised: promised.length > 0 ? promised.join('\n') : null };
}

type Run = (torch: unknown, tmp: string) => Promise<unknown>;
const AsyncFunction = (async () => {}).constructor as new (...source: string[]) => Run;
/** A type argument, which JavaScript would take for comparisons: `load<Tensor>(file)`. */
const TYPE_ARGUMENT = /\w<[\w.]+>\(/;
/** A function of the code, or null where that is not one; types are stripped only where there are some. */
function compile(body: string): Run | null {
  try {
    if (TYPE_ARGUMENT.test(body)) throw new SyntaxError('types');
    return new AsyncFunction('torch', 'tmp', body);
  } catch {
    try {
      const source = `export default async (torch: any, tmp: string) => {\n${body}\n}`;
      const { code } = transformSync(source, { loader: 'ts', logLevel: 'silent' });
      const [start, end] = [code.indexOf('{') + 1, code.lastIndexOf('};')];
      return new AsyncFunction('torch', 'tmp', code.slice(start, end));
    } catch {
      return null;
    }
  }
}

/** The code as a function that gives back its last expression: the fewest last lines that are one. */
function lastValueOf(code: readonly string[]): Run | null {
  for (let n = 1; n <= code.length; n++) {
    const tail = code.slice(-n).join('\n').replace(/;$/, '');
    // a statement's last line may look like an expression, so both halves must be code
    const run = compile(`${code.slice(0, -n).join('\n')}\nreturn (${tail}\n)`);
    if (run !== null) return run;
  }
  return null;
}

const printed = (value: unknown): string =>
  typeof value === 'string' ? value : value instanceof torch.Tensor ? String(value) : inspect(value);

async function check(example: Example): Promise<void> {
  const { code, promised } = split(example);
  if (promised === null) assert.fail(`${example.where}: does not say what the last line gives`);
  const run = lastValueOf(code) ?? compile(code.join('\n'));
  if (run === null) assert.fail(`${example.where}: this is not code:\n${code.join('\n')}`);
  const tmp = mkdtempSync(join(tmpdir(), 'flambeau-example-'));
  const logged: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...args) => void logged.push(format(...args)));
  try {
    const value = await run(torch, tmp);
    expect(logged.length > 0 ? logged.join('\n') : printed(value), example.where).toBe(promised);
  } finally {
    log.mockRestore();
    rmSync(tmp, { recursive: true });
    // what an example may have set
    torch.setDefaultDtype('float32');
    torch.setPrintoptions({ profile: 'default' });
    torch.setGradEnabled(true);
    torch.setNumThreads(threads);
  }
}

const threads = torch.getNumThreads();
const pagesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .sort();
const pages = ['README.md', 'CONTRIBUTING.md', ...pagesIn('docs')];
const files = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => `lib/${file.replaceAll('\\', '/')}`)
  .sort();

describe('examples', () => {
  for (const file of [...files, ...pages]) {
    const examples = file.endsWith('.md') ? inMarkdown(file) : inDocComments(file);
    if (examples.length === 0) continue;
    it(file, async () => {
      const failures: string[] = [];
      for (const example of examples) {
        await check(example).catch((e: unknown) => {
          const { message } = e as Error;
          failures.push(message.startsWith(example.where) ? message : `${example.where}: ${message}`);
        });
      }
      const summary = `${failures.length} of ${examples.length} examples fail`;
      assert.ok(failures.length === 0, `${summary}\n${failures.join('\n')}`);
    });
  }
  it('are found', () => {
    const counts = files.map((file) => {
      const tags = readFileSync(join(root, file), 'utf8').split('@example').length - 1;
      return [file, tags - inDocComments(file).length] as const;
    });
    assert.deepEqual(
      counts.filter(([, missed]) => missed !== 0),
      [],
    );
    for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/memory.md']) assert.ok(inMarkdown(page).length > 0, page);
  });
});
