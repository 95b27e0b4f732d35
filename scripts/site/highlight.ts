// Code as HTML: comments, strings, numbers and keywords of TypeScript, Python and shells get a class. Used by markdown.ts and
// api.ts.

/** Text as HTML. */
export const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const WORDS = {
  ts: 'abstract as async await break case catch class const continue default delete do else export extends false finally for from function if implements import in instanceof interface let new null of override private protected public readonly return static super switch this throw true try type typeof undefined using var void while yield',
  python:
    'and as assert async await break class continue def del elif else except False finally for from if import in is lambda None not or pass raise return self True try while with yield',
  sh: 'cd export',
} as const;
type Language = keyof typeof WORDS;
const LANGUAGES: Readonly<Record<string, Language>> = { ts: 'ts', typescript: 'ts', js: 'ts', python: 'python', sh: 'sh' };
const COMMENT = { ts: String.raw`\/\/[^\n]*|\/\*[\s\S]*?\*\/`, python: '#[^\\n]*', sh: '#[^\\n]*' };
const STRING = String.raw`\x60(?:\\.|[^\\\x60])*\x60|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"`;

/** Code of a fence's language; of one that is not known, the text. */
export function highlight(code: string, fence: string): string {
  const language = LANGUAGES[fence];
  if (language === undefined) return escape(code);
  const words = WORDS[language].replaceAll(' ', '|');
  const token = new RegExp(`(${COMMENT[language]})|(${STRING})|(\\b\\d[\\w.]*)|\\b(${words})\\b(?!\\s*:)`, 'g');
  let [html, at] = ['', 0];
  for (const match of code.matchAll(token)) {
    const kind = ['c', 's', 'n', 'k'][match.slice(1).findIndex((group) => group !== undefined)];
    html += `${escape(code.slice(at, match.index))}<i class="${kind}">${escape(match[0])}</i>`;
    at = match.index + match[0].length;
  }
  return html + escape(code.slice(at));
}

/** The position of a comment behind code, outside of strings, or -1. */
function commentIn(line: string): number {
  const string = new RegExp(STRING, 'y');
  for (let i = 0; i < line.length; i++) {
    string.lastIndex = i;
    const found = string.exec(line);
    if (found) i += found[0].length - 1;
    else if (line.startsWith(' // ', i)) return i + 1;
  }
  return -1;
}

/** Code and what it prints: the comment lines at its end, in TypeScript with the comment behind the last line of code. */
function withOutput(code: string, fence: string): [code: string, output: string | null] {
  const mark = fence === 'python' ? '#' : '//';
  const lines = code.trimEnd().split('\n');
  let end = lines.length;
  while (end > 0 && lines[end - 1]!.startsWith(mark)) end--;
  const behind = fence === 'ts' && end > 0 ? commentIn(lines[end - 1]!) : -1;
  if (behind >= 0) {
    lines.splice(end, 0, lines[end - 1]!.slice(behind));
    lines[end - 1] = lines[end - 1]!.slice(0, behind);
  }
  if (end === lines.length || end === 0) return [code.trimEnd(), null];
  const output = lines.slice(end).map((line) => line.slice(mark.length).replace(/^ /, ''));
  return [lines.slice(0, end).join('\n').trimEnd(), output.join('\n')];
}

/** A block of code; what it prints stands below it. */
export function block(text: string, fence: string): string {
  const [code, output] = fence === 'ts' || fence === 'python' ? withOutput(text, fence) : [text.trimEnd(), null];
  const printed = output === null ? '' : `<pre class="out" tabindex="0"><code>${escape(output)}</code></pre>`;
  return `<div class="code"><pre tabindex="0"><code>${highlight(code, fence)}</code></pre>${printed}</div>\n`;
}
