// The library's source text: its type aliases and interfaces by file, and the cutting of types at their commas. Used by
// signatures.ts, which writes out what a function takes.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../lib/', import.meta.url));

/** A declared type. */
export interface Declared {
  readonly kind: 'type' | 'interface';
  readonly name: string;
  /** Names of its type parameters. */
  readonly parameters: readonly string[];
  /** What a type stands for; an interface's body with its braces. */
  readonly text: string;
  /** All of it. */
  readonly whole: string;
}

/** The position behind a balanced run that starts at `from` and ends before one of `stops` at depth zero. */
export function runTo(text: string, from: number, stops: string): number {
  let depth = 0;
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (`'"\``.includes(c)) quote = c;
    else if (text.startsWith('//', i)) i = text.indexOf('\n', i);
    else if (text.startsWith('/*', i)) i = text.indexOf('*/', i) + 1;
    else if (text.startsWith('=>', i)) i++;
    else if (depth === 0 && stops.includes(c)) return i;
    else if ('<([{'.includes(c)) depth++;
    else if ('>)]}'.includes(c)) depth--;
  }
  return text.length;
}

/** The parts of a list between the commas (or what else) at depth zero. */
export function parts(text: string, at = ','): string[] {
  const out: string[] = [];
  for (let from = 0; from < text.length; ) {
    const end = runTo(text, from, at);
    const part = text.slice(from, end).trim();
    if (part !== '') out.push(part);
    from = end + 1;
  }
  return out;
}

const bare = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function declaredIn(text: string): Map<string, Declared> {
  const found = new Map<string, Declared>();
  for (const match of text.matchAll(/^(?:export )?(type|interface) (\w+)/gm)) {
    const [start, kind, name] = [match.index, match[1] as 'type' | 'interface', match[2]!];
    let at = start + match[0].length;
    let parameters: string[] = [];
    if (text[at] === '<') {
      const end = runTo(text, at + 1, '>');
      parameters = parts(text.slice(at + 1, end)).map((p) => /\w+/.exec(p)![0]);
      at = end + 1;
    }
    const from = text.indexOf(kind === 'type' ? '=' : '{', at);
    const end = kind === 'type' ? runTo(text, from + 1, ';') + 1 : runTo(text, from + 1, '}') + 1;
    const body = kind === 'type' ? bare(text.slice(from + 1, end - 1)).replace(/^\| /, '') : text.slice(from, end);
    const whole = text.slice(start, end).replace(/^export /, '');
    found.set(name, { kind, name, parameters, text: body, whole });
  }
  return found;
}

const byFile = new Map<string, Map<string, Declared>>();
const everywhere = new Map<string, Declared>();
for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
  if (!file.endsWith('.ts')) continue;
  const declared = declaredIn(readFileSync(folder + file, 'utf8'));
  byFile.set(file.replaceAll('\\', '/'), declared);
  for (const [name, d] of declared) everywhere.set(name, d);
}

/** The type of that name as a file of lib/ sees it, if the library declares it. */
export const declared = (name: string, file: string): Declared | undefined =>
  byFile.get(file)?.get(name) ?? everywhere.get(name);
