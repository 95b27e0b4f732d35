// `npm run docs:check`: serves dist-docs/ and looks at it. Without a browser: every link and every anchor leads somewhere, and
// no page is without a way to it. In Chromium (FLAMBEAU_CHROMIUM, or one that is installed), on a phone and on a desktop:
// nothing wider than the window, no errors on the console, menu and search work. Pictures go to dist-docs-pictures/.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser, findBrowser } from './browser.ts';

const site = fileURLToPath(new URL('../../dist-docs/', import.meta.url));
const pictures = fileURLToPath(new URL('../../dist-docs-pictures/', import.meta.url));
const faults: string[] = [];

// ---- links ----------------------------------------------------------------------------------------------------------

const files = new Set(
  readdirSync(site, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => statSync(join(site, file)).isFile()),
);
const pages = [...files].filter((file) => file.endsWith('.html')).sort();
const html = new Map(pages.map((page) => [page, readFileSync(join(site, page), 'utf8')]));
const ids = new Map(
  [...html].map(([page, text]) => {
    const found = [...text.matchAll(/\sid="([^"]*)"/g)].map((m) => m[1]!);
    const twice = found.filter((id, i) => found.indexOf(id) !== i);
    if (twice.length > 0) faults.push(`${page}: ids that are there twice: ${twice.slice(0, 5).join(', ')}`);
    return [page, new Set(found)];
  }),
);
const reached = new Set(['index.html']);
let links = 0;
const follow = (page: string, href: string): void => {
  links++;
  const [path, hash] = href.replaceAll('&amp;', '&').split('#') as [string, string?];
  const to = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path));
  if (!files.has(to)) faults.push(`${page}: ${href} leads nowhere`);
  else if (hash && ids.has(to) && !ids.get(to)!.has(decodeURIComponent(hash)))
    faults.push(`${page}: ${href}: there is no such part`);
  if (to !== page) reached.add(to);
};
for (const [page, text] of html) {
  for (const [, href] of text.matchAll(/\s(?:href|src)="([^"]*)"/g)) if (!/^\w+:/.test(href!)) follow(page, href!);
}
const searched = JSON.parse(readFileSync(join(site, 'search.js'), 'utf8').slice('window.SEARCH = '.length, -2)) as string[][];
for (const [, href] of searched) follow('index.html', href!);
for (const page of pages) if (!reached.has(page)) faults.push(`${page}: nothing leads to it`);
console.log(`${pages.length} pages, ${links} links`);

// ---- browser --------------------------------------------------------------------------------------------------------

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const server = createServer((request, response) => {
  const path = decodeURIComponent(new URL(request.url!, 'http://site').pathname).slice(1);
  if (!files.has(path)) response.writeHead(404).end();
  else response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' }).end(readFileSync(join(site, path)));
});

const SIZES = { phone: [390, 844], desktop: [1440, 900] } as const;
/** What is wider than the window, but for what scrolls in itself; and pictures that are not there. */
const LOOK = `(() => {
  // a phone shows more than its width where something is wider: innerWidth grows then, this does not
  const width = document.documentElement.clientWidth;
  const wide = document.documentElement.scrollWidth - width;
  const out = wide > 0 ? [...document.querySelectorAll('main *')].filter((e) => e.getBoundingClientRect().right > width + 1
    && !e.closest('pre, .table')).slice(0, 3).map((e) => e.outerHTML.slice(0, 80)) : [];
  const bare = [...document.images].filter((i) => i.complete && i.naturalWidth === 0).map((i) => i.src);
  return [...(wide > 0 ? [wide + ' pixels too wide: ' + out.join(' ')] : []), ...bare.map((src) => 'no picture: ' + src)];
})()`;

async function look(browser: Browser, base: string): Promise<void> {
  for (const [name, [width, height]] of Object.entries(SIZES)) {
    await browser.size(width, height, name === 'phone');
    for (const page of pages) {
      const said = await browser.open(base + page);
      const seen = await browser.run<string[]>(LOOK);
      faults.push(...[...said, ...seen].map((fault) => `${page} on a ${name}: ${fault}`));
      const file = `${page.replaceAll('/', '_').replace(/\.html$/, '')}-${name}.png`;
      writeFileSync(join(pictures, file), await browser.picture());
    }
    await browser.open(`${base}index.html`);
    // PyTorch's spelling finds our name
    const found = await browser.run<string>(`(async () => {
      const box = document.querySelector('.search input');
      box.focus();
      box.value = 'conv_2d';
      box.dispatchEvent(new Event('input'));
      for (let i = 0; i < 100 && !document.querySelector('.search li a'); i++) await new Promise((r) => setTimeout(r, 20));
      return document.querySelector('.search li a')?.textContent ?? '';
    })()`);
    if (!/conv2d/i.test(found)) faults.push(`the search for conv_2d on a ${name} finds '${found}'`);
    writeFileSync(join(pictures, `search-${name}.png`), await browser.picture());
    if (name !== 'phone') continue;
    await browser.open(`${base}index.html`);
    const menu = `getComputedStyle(document.querySelector('#menu')).display`;
    const before = await browser.run<string>(menu);
    const after = await browser.run<string>(`document.querySelector('.open').click(), ${menu}`);
    if (before !== 'none' || after === 'none') faults.push(`the menu on a phone: ${before}, then ${after}`);
    writeFileSync(join(pictures, `menu-${name}.png`), await browser.picture());
  }
}

const executable = findBrowser();
if (executable === null) console.log('no Chromium is installed, nor named by FLAMBEAU_CHROMIUM: only the links were checked');
else {
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = new Browser(executable);
  try {
    await browser.start();
    await look(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    await browser.close();
    server.close();
  }
  console.log(`${pages.length * 2 + 3} pictures in dist-docs-pictures/`);
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exitCode = 1;
}
