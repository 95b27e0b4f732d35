// The reference: a page for each namespace, and one for the methods of Tensor, made of the doc comments. Used by index.ts.
import { SymbolFlags } from 'typescript/unstable/sync';
import { block, escape, highlight } from './highlight.ts';
import { relative } from './markdown.ts';
import type { Found, Names } from './names.ts';
import { definitionOf, signatureOf } from './signatures.ts';

/** A page of the reference. */
export interface ApiPage {
  readonly page: string;
  readonly label: string;
  readonly title: string;
  readonly html: string;
  /** The names on it, with what they are. */
  readonly names: readonly { readonly name: string; readonly id: string; readonly about: string }[];
}

const pageOf = (namespace: string): string => `api/${namespace}.html`;
const spaceOf = (path: string): string => {
  const at = path.split('#')[0]!.lastIndexOf('.');
  return at < 0 ? 'torch' : path.slice(0, at).replace(/^F$/, 'nn.functional');
};
/** The same name in pages and searches: `nn.functional.relu`, `Tensor.add_`. */
const shownAs = (path: string): string => path.replace(/^F\./, 'nn.functional.').replace('#', '.');
const lastOf = (path: string): string => path.split(/[.#]/).at(-1)!;
const first = (text: string): string => /^[\s\S]*?[.:;](?=\s|$)/.exec(text)?.[0].replace(/[:;]$/, '.') ?? text;

/** A member belongs to the class that declares it, or to the public one nearest to that: `Module`, not the first to extend it. */
function ownMembers({ found, checker }: Names): readonly Found[] {
  const classes = new Map<Found['name'], string>();
  const distance = new Map<Found['name'], number>();
  for (const f of found) {
    if (f.path.includes('#') || (f.name.flags & SymbolFlags.Class) === 0) continue;
    let name: Found['name'] | undefined = f.name;
    for (let d = 0; name !== undefined && d < 20; d++) {
      if (d < (distance.get(name) ?? Infinity)) {
        distance.set(name, d);
        classes.set(name, f.path);
      }
      const type = checker.getDeclaredTypeOfSymbol(name);
      name = type.isClassOrInterface() ? checker.getBaseTypes(type)[0]?.getSymbol() : undefined;
    }
  }
  const seen = new Set<string>();
  const own = found.map((f) => {
    const parent = f.path.includes('#') && !f.path.startsWith('Tensor#') ? f.name.getParent() : undefined;
    const path = parent && classes.get(parent);
    return path === undefined ? f : { ...f, path: `${path}#${lastOf(f.path)}` };
  });
  // a member without a declaration is an in-place form: those of Tensor's subclasses are Tensor's
  const inherited = ({ path, own: { declarations } }: Found): boolean =>
    path.includes('#') && !path.startsWith('Tensor#') && declarations.length === 0;
  return own.filter((f) => !inherited(f) && !seen.has(f.path) && seen.add(f.path));
}

/** Classes and functions by their names, members behind their class; types behind all of them. */
function sorted(list: readonly Found[]): Found[] {
  const key = (f: Found): string => {
    const [head, member = ''] = f.path.split('#') as [string, string?];
    const plain = head === 'Tensor' ? `0 ${member.toLowerCase()}` : `0 ${head.toLowerCase()}#${member.toLowerCase()}`;
    return isType(f) ? plain.replace('0', '1') : plain;
  };
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
const isType = (f: Found): boolean =>
  (f.name.flags & (SymbolFlags.TypeAlias | SymbolFlags.Interface)) !== 0 && !f.runs && !f.path.includes('#');

/** Makes the pages. */
export function reference(all: Names): ApiPage[] {
  const { project, checker } = all;
  const home = new Map<string, { page: string; id: string }>();
  const spaces = new Map<string, Found[]>();
  for (const f of ownMembers(all)) {
    if (f.internal) continue;
    const space = f.path.startsWith('Tensor#') ? 'Tensor' : spaceOf(f.path);
    if (!spaces.has(space)) spaces.set(space, []);
    spaces.get(space)!.push(f);
    const at = { page: pageOf(space), id: shownAs(f.path) };
    home.set(f.path, at);
    // the shortest path is what a comment that says only the last name means
    if (!home.has(lastOf(f.path))) home.set(lastOf(f.path), at);
  }

  /** The text of a comment: links, code, paragraphs. */
  function prose(text: string, page: string): string {
    const link = (name: string, label: string): string => {
      const plain = name.replace(/^torch\./, '');
      const to = home.get(plain) ?? home.get(plain.replace('.', '#')) ?? home.get(lastOf(plain));
      const code = `<code>${escape(label)}</code>`;
      return to === undefined ? code : `<a href="${relative(page, to.page)}#${to.id}">${code}</a>`;
    };
    return text
      .trim()
      .split(/\n\s*\n/)
      .map((paragraph) => {
        const html = paragraph.split(/(\{@link [^}]*\}|`[^`]*`)/).map((part) => {
          const [, name, label] = /^\{@link ([^\s}|]+)\s*\|?\s*([^}]*)\}$/.exec(part) ?? [];
          if (name !== undefined) return link(name, label || name);
          return part.startsWith('`') ? `<code>${escape(part.slice(1, -1))}</code>` : escape(part);
        });
        return `<p>${html.join('')}</p>`;
      })
      .join('\n');
  }

  function card(f: Found, page: string, names: ApiPage['names'][number][]): string {
    const [id, last] = [shownAs(f.path), lastOf(f.path)];
    const method = f.path.includes('#');
    const { calls, types } = signatureOf(f.name, last, project, method);
    const about = checker.getDocumentationCommentOfSymbol(f.name);
    names.push({ name: id, id, about: first(about.replaceAll(/\s+/g, ' ')) });
    const plain = (f.name.flags & SymbolFlags.Class) !== 0 ? `class ${last}` : last;
    const whole = isType(f) ? definitionOf(f.name)?.whole : undefined;
    const head = block(whole ?? (calls.length > 0 ? calls : [plain]).join('\n'), 'typescript').replaceAll(
      /\b[A-Z]\w+\b/g,
      (type) => {
        const to = type === last ? undefined : home.get(type);
        return to === undefined ? type : `<a href="${relative(page, to.page)}#${to.id}">${type}</a>`;
      },
    );
    // a method that is an operator's is described there
    const operator = f.path.startsWith('Tensor#') ? home.get(last.replace(/_$/, '')) : undefined;
    if (operator?.page === pageOf('torch')) {
      const place = last.endsWith('_') ? 'In place: ' : '';
      return `<section class="name brief" id="${escape(id)}" data-name="${escape(last)}"><h3><a href="#${escape(id)}">${escape(last)}</a></h3>${head}<p>${place}<a href="torch.html#${operator.id}"><code>torch.${operator.id}</code></a>. ${prose(first(about), page).slice(3)}</section>\n`;
    }
    const examples = checker
      .getJsDocTagsOfSymbol(f.name)
      .filter((tag) => tag.name === 'example')
      .map((tag) => {
        const text = typeof tag.text === 'string' ? tag.text : (tag.text ?? []).map((t: { text: string }) => t.text).join('');
        return block(text.trim(), 'ts');
      })
      .join('');
    const definitions = whole === undefined ? types.filter((t) => !home.has(t.name)) : [];
    const where =
      definitions.length === 0
        ? ''
        : `<details><summary>${definitions.map((t) => `<code>${t.name}</code>`).join(' ')}</summary>${definitions
            .map((t) => `<pre tabindex="0"><code>${highlight(t.whole, 'ts')}</code></pre>`)
            .join('')}</details>`;
    const level = method && !f.path.startsWith('Tensor#') ? 4 : 3;
    return `<section class="name${level === 4 ? ' member' : ''}" id="${escape(id)}" data-name="${escape(id)}"><h${level}><a href="#${escape(id)}">${escape(method ? `.${last}` : last)}</a></h${level}>${head}${prose(about, page)}${where}${examples}</section>\n`;
  }

  return [...spaces].map(([space, list]) => {
    const page = pageOf(space);
    const names: ApiPage['names'][number][] = [];
    const cards = sorted(list).map((f) => card(f, page, names));
    const links = names.map(({ name, id }) => `<a href="#${escape(id)}">${escape(name.replace(`${space}.`, ''))}</a>`);
    const html =
      links.length > 12 ? `<details class="names"><summary>All of them</summary>${links.join(' ')}</details>${cards.join('')}` : cards.join('');
    const label = space === 'torch' || space === 'Tensor' ? space : `torch.${space}`;
    const title = space === 'Tensor' ? 'Methods of Tensor' : label;
    const filter = list.length > 12 ? '<p><input class="filter" type="search" placeholder="Filter these names" aria-label="Filter these names"></p>' : '';
    const count = `<p class="count">${list.length} names. Required arguments too may come by name in an object at the end: <a href="../arguments.html">Arguments</a>.</p>`;
    return { page, label: space, title, html: `<h1 id="top">${title}</h1>${count}${filter}${html}`, names };
  });
}
