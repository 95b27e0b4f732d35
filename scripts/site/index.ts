// `npm run docs`: makes the site of the repository's pages and of the doc comments, in dist-docs/.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { __version__ as version } from '../../lib/version.ts';
import { reference } from './api.ts';
import { CONTENTS } from './contents.ts';
import { frame, type Page } from './layout.ts';
import { render } from './markdown.ts';
import { publicNames } from './names.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = join(root, 'dist-docs');
const write = (page: string, text: string): void => {
  mkdirSync(dirname(join(out, page)), { recursive: true });
  writeFileSync(join(out, page), text);
};
const copy = (from: string, to: string): void => {
  mkdirSync(dirname(join(out, to)), { recursive: true });
  copyFileSync(from, join(out, to));
};

rmSync(out, { recursive: true, force: true });
for (const asset of ['style.css', 'site.js', 'icon.svg'])
  copy(fileURLToPath(new URL(`assets/${asset}`, import.meta.url)), asset);

const names = publicNames();
const api = reference(names);
names.close();
const entries = CONTENTS.flatMap((part) => part.entries);
const pages = new Map(entries.map(({ source, page }) => [source, page]));
/** The addresses of the reference by what code in a page may say: `torch.nn`, `torch.nn.Linear`, `nn.Linear`. */
const addresses = new Map<string, string>([['torch.Tensor', 'api/Tensor.html']]);
for (const { page, label, names: listed } of api) {
  if (!addresses.has(`torch.${label}`)) addresses.set(label === 'torch' ? label : `torch.${label}`, page);
  for (const { name, id } of listed) {
    for (const key of [`torch.${name}`, ...(name.includes('.') ? [name] : [])])
      if (!addresses.has(key)) addresses.set(key, `${page}#${id}`);
  }
}

/** What the search looks through: name, address, what it is. */
const index: [string, string, string][] = [];
for (const { source, page, label } of entries) {
  const { html, title, headings, pictures } = render(readFileSync(join(root, source), 'utf8'), source, page, pages, addresses);
  for (const picture of pictures) copy(join(root, picture), picture);
  write(page, frame({ page, title: title || label, html, headings }, api, version));
  index.push([title || label, page, label], ...headings.map((h) => [h.text, `${page}#${h.id}`, label] as [string, string, string]));
}
for (const { page, title, html, names: listed } of api) {
  const framed: Page = { page, title, html };
  write(page, frame(framed, api, version));
  index.push(...listed.map((n) => [n.name, `${page}#${n.id}`, n.about] as [string, string, string]));
}
write('search.js', `window.SEARCH = ${JSON.stringify(index)};\n`);
console.log(`dist-docs/: ${entries.length} pages, ${api.length} of the reference with ${index.length} entries of the search`);
