// Puts the doc comments into the emitted declarations where the compiler loses them, so that editors show them: on the
// functions of lib/public/, on names that are exported as others, on in-place methods. Called by build.mjs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DECLARED = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n(?:export )?declare (?:function|const) (\w+)\b/g;
const RENAMED = /\b(\w+) as (\w+)\b/g;
const EXPORT = /^export \{[^}]*\};$/gm; // without `from`
const PUBLIC = /^(?:export )?declare const (\w+): Public<'?"?[\w.]+"?'?, typeof (\w+)\.(\w+)>/gm;

/** The doc comments of functions and constants: for each name a list of files with its comment there. */
function commentsIn(files) {
  const comments = new Map();
  for (const [file, text] of files) {
    if (/^public\b/.test(file)) continue;
    const add = (name, comment) => {
      const list = comments.get(name) ?? [];
      if (!list.some((c) => c.file === file)) comments.set(name, [...list, { file, comment }]);
    };
    for (const [match, name] of text.matchAll(DECLARED)) add(name, match.slice(0, match.lastIndexOf('*/') + 2));
    for (const [list] of text.matchAll(EXPORT)) {
      for (const [, name, shown] of list.matchAll(RENAMED)) {
        const comment = comments.get(name)?.find((c) => c.file === file)?.comment;
        if (comment) add(shown, comment);
      }
    }
  }
  /** That of a name in the files that begin so; else in the operators, else anywhere. */
  return (name, start) => {
    const list = comments.get(name) ?? [];
    const from = (prefix) => list.find((c) => c.file.startsWith(prefix));
    return (from(start) ?? from('ops/') ?? list[0])?.comment;
  };
}

/** `add_` of `add`: an interface instead of a mapped type, whose members have no comments. */
function inPlaceMethods(text, commentOf) {
  const body = /export declare const inPlace: \{\n([\s\S]*?)\n\};/.exec(text)[1];
  const members = [...body.matchAll(/^ {4}(\w+): /gm)].map(([, name]) => {
    const comment = commentOf(name, 'ops/')?.replace(/\n \* @example[\s\S]*$/, '\n */');
    if (!comment) throw new Error(`${name}: no doc comment for its in-place form`);
    return `${comment.replace('/**\n * ', '/**\n * In place: ')}\n${name}_: Forms['${name}_'];\n`;
  });
  return `import type { InPlace } from './methods.ts';
import type { inPlace } from './ops/inplace.ts';
type Forms = InPlace<typeof inPlace>;
/** The in-place form of each operator: \`add_\` of \`add\`. */
export interface InPlaceMethods {
${members.join('').replaceAll(/^(?=.)/gm, '    ')}}
export {};
`;
}

/** Completes the declarations in a folder. */
export function completeComments(folder) {
  const files = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => [file.replaceAll('\\', '/'), readFileSync(join(folder, file), 'utf8')]),
  );
  const commentOf = commentsIn(files);
  const set = (file, text) => writeFileSync(join(folder, file), text);
  for (const [file, before] of files) {
    let text = before;
    /** Names that an export gives other names, with their comments. */
    const renamed = new Map();
    if (/^public\b/.test(file)) {
      const places = [...text.matchAll(/^import \* as (\w+) from '\.\.\/(.*?)(?:\/index)?\.ts';$/gm)];
      const starts = new Map(places.map(([, alias, place]) => [alias, place]));
      // export declare const add: Public<'add', typeof ops.add>
      text = text.replaceAll(PUBLIC, (line, shown, from, name) => {
        const comment = commentOf(name, starts.get(from));
        renamed.set(shown, comment);
        return comment ? `${comment}\n${line}` : line;
      });
    }
    text = text.replaceAll(EXPORT, (list) =>
      list.replaceAll(RENAMED, (both, name, shown) => {
        const comment = renamed.get(name) ?? commentOf(shown, file);
        return comment ? `\n${comment}\n${both}` : both;
      }),
    );
    if (text !== before) set(file, text);
  }
  set('in-place.d.ts', inPlaceMethods(files.get('ops/inplace.d.ts'), commentOf));
  set(
    'tensor.d.ts',
    files
      .get('tensor.d.ts')
      .replace('InPlace<typeof inPlace>', 'InPlaceMethods')
      .replace(
        "import type { inPlace } from './ops/inplace.ts';",
        "import type { InPlaceMethods } from './in-place.ts';",
      )
      .replace(/(import type \{[^}]*)\bInPlace, /, '$1'),
  );
}
