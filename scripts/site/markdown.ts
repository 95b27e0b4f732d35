// Markdown as HTML: headings get anchors, links between the repository's pages become links of the site, pictures are
// copied, and a block of Python followed by one of TypeScript stands beside it. Used by index.ts and api.ts.
import { posix } from 'node:path';
import { Marked, type Token, type Tokens } from 'marked';
import { block, escape } from './highlight.ts';

/** What a page of Markdown came to. */
export interface Rendered {
  readonly html: string;
  readonly title: string;
  /** Headings of the second level. */
  readonly headings: readonly { readonly id: string; readonly text: string }[];
  /** Files of the repository that it shows, by their paths. */
  readonly pictures: readonly string[];
}

/** GitHub's anchor of a heading. */
export const anchor = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const isCode = (token: Token | undefined, lang: string): token is Tokens.Code =>
  token?.type === 'code' && token['lang'] === lang;

/** The path of `to` as a link on the page `from`; both are paths in the site. */
export const relative = (from: string, to: string): string => posix.relative(posix.dirname(from), to) || posix.basename(to);

/** Puts pairs of Python and TypeScript into one box, side by side where there is room. */
function paired(tokens: readonly Token[]): Token[] {
  const solid = tokens.filter((token) => token.type !== 'space');
  const out: Token[] = [];
  for (let i = 0; i < solid.length; i++) {
    const [left, right] = [solid[i]!, solid[i + 1]];
    if (isCode(left, 'python') && isCode(right, 'ts')) {
      const side = (name: string, code: Tokens.Code): string =>
        `<div><div class="lang">${name}</div>${block(code.text, code.lang!)}</div>`;
      const html = `<div class="pair">${side('PyTorch', left)}${side('flambeau', right)}</div>\n`;
      out.push({ type: 'html', raw: html, text: html, block: true, pre: false });
      i++;
    } else out.push(left);
  }
  return out;
}

/**
 * Renders the page `source` of the repository to `page` of the site. `pages` are the site's pages by their sources; a link
 * to a file that has none is left as text. `names` are the addresses of what code like `torch.nn` names.
 */
export function render(
  text: string,
  source: string,
  page: string,
  pages: ReadonlyMap<string, string>,
  names: ReadonlyMap<string, string>,
): Rendered {
  const headings: { id: string; text: string }[] = [];
  const pictures: string[] = [];
  const taken = new Map<string, number>();
  let title = '';
  let linked = false;
  /** Inline text within something that is a link itself, or should be none. */
  const plainly = (f: () => string): string => {
    const before = linked;
    linked = true;
    const html = f();
    linked = before;
    return html;
  };
  const within = (href: string): string => posix.normalize(posix.join(posix.dirname(source), href));
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: raw }) {
        const plain = raw.replaceAll(/[`*]|\[([^\]]*)\]\([^)]*\)/g, '$1');
        const base = anchor(plain);
        const count = taken.get(base) ?? 0;
        taken.set(base, count + 1);
        const id = count === 0 ? base : `${base}-${count}`;
        if (depth === 1) title ||= plain;
        if (depth === 2) headings.push({ id, text: plain });
        const link = depth === 1 ? '' : ` <a class="anchor" href="#${id}" aria-label="Link to this part">#</a>`;
        return `<h${depth} id="${id}">${plainly(() => this.parser.parseInline(tokens))}${link}</h${depth}>\n`;
      },
      codespan({ text: code }) {
        const html = `<code>${escape(code)}</code>`;
        const to = linked ? undefined : names.get(code);
        return to === undefined ? html : `<a href="${escape(relative(page, to))}">${html}</a>`;
      },
      code: ({ text: code, lang }) => block(code, lang ?? ''),
      table(token) {
        const row = (cells: Tokens.TableCell[], tag: string): string =>
          `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('')}</tr>\n`;
        const head = token.header.some((cell) => cell.text !== '') ? `<thead>${row(token.header, 'th')}</thead>` : '';
        const body = token.rows.map((cells) => row(cells, 'td')).join('');
        return `<div class="table" tabindex="0"><table>${head}<tbody>${body}</tbody></table></div>\n`;
      },
      link({ href, tokens }) {
        const inner = plainly(() => this.parser.parseInline(tokens));
        if (/^(\w+:|#)/.test(href)) return `<a href="${escape(href)}">${inner}</a>`;
        const [path, hash] = href.split('#') as [string, string?];
        const to = pages.get(within(path)) ?? pages.get(`${within(path)}/README.md`);
        if (to === undefined) return inner;
        return `<a href="${escape(relative(page, to) + (hash === undefined ? '' : `#${hash}`))}">${inner}</a>`;
      },
      image({ href, text: alt }) {
        const path = within(href);
        pictures.push(path);
        return `<img src="${escape(relative(page, path))}" alt="${escape(alt)}" loading="lazy">`;
      },
    },
  });
  const tokens = paired(marked.lexer(text));
  const html = marked.parser(tokens);
  return { html, title, headings, pictures };
}
