// The frame around each page: head, menu, search, contents. Used by index.ts.
import { CONTENTS } from './contents.ts';
import { escape } from './highlight.ts';
import { relative } from './markdown.ts';

/** A page to be framed. */
export interface Page {
  readonly page: string;
  readonly title: string;
  readonly html: string;
  readonly headings?: readonly { readonly id: string; readonly text: string }[];
}

function menu(page: string, api: readonly { readonly page: string; readonly label: string }[]): string {
  const item = (to: string, label: string): string =>
    `<li><a href="${relative(page, to)}"${to === page ? ' aria-current="page"' : ''}>${escape(label)}</a></li>`;
  const part = (label: string, items: readonly string[], open: boolean): string =>
    `<details${open ? ' open' : ''}><summary>${escape(label)}</summary><ul>${items.join('')}</ul></details>`;
  const inApi = page.startsWith('api/');
  return [
    ...CONTENTS.map(({ label, entries }) => part(label, entries.map((e) => item(e.page, e.label)), true)),
    part('Reference', api.map((a) => item(a.page, a.label)), inApi),
  ].join('\n');
}

/** The whole HTML of a page. */
export function frame(
  { page, title, html, headings = [] }: Page,
  api: readonly { readonly page: string; readonly label: string }[],
  version: string,
): string {
  const up = relative(page, 'index.html').replace(/index\.html$/, '');
  const inner =
    headings.length > 2
      ? `<nav class="toc" aria-label="On this page"><ul>${headings.map((h) => `<li><a href="#${h.id}">${escape(h.text)}</a></li>`).join('')}</ul></nav>`
      : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title === 'flambeau' ? 'flambeau: PyTorch for Node.js' : `${title} · flambeau`)}</title>
<meta name="description" content="flambeau, PyTorch for Node.js: ${escape(title)}">
<link rel="icon" href="${up}icon.svg">
<link rel="stylesheet" href="${up}style.css">
<script src="${up}site.js" defer data-up="${up}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the text</a>
<header>
<button class="open" type="button" aria-expanded="false" aria-controls="menu">Menu</button>
<a class="brand" href="${up}index.html"><img src="${up}icon.svg" alt="" width="22" height="22">flambeau <small>${escape(version)}</small></a>
<div class="search"><input type="search" placeholder="Search" aria-label="Search" autocomplete="off"><ol hidden></ol></div>
</header>
<div class="columns">
<nav id="menu" aria-label="Pages">
${menu(page, api)}
</nav>
<main id="main">
${html.replace('</h1>', () => `</h1>${inner}`)}
</main>
</div>
</body>
</html>
`;
}
