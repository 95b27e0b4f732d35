// What the pages do in a browser: the menu on a phone, the search, the filter of a page of the reference. Without it all
// text and links are there.
const up = document.currentScript.dataset.up;
const menu = document.querySelector('#menu');
const opener = document.querySelector('.open');
opener.addEventListener('click', () => {
  const shown = menu.classList.toggle('shown');
  opener.setAttribute('aria-expanded', String(shown));
});
menu.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });

// `conv_2d`, `Conv2d` and `conv2d` are one name: PyTorch's names find ours
const plain = (text) => text.toLowerCase().replaceAll(/[\s_]/g, '');
const box = document.querySelector('.search input');
const list = document.querySelector('.search ol');
let index;
const load = () => {
  index ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = `${up}search.js`;
    script.onload = () => resolve(window.SEARCH.map(([name, href, about]) => ({ name, href, about, key: plain(name), text: plain(about) })));
    script.onerror = reject;
    document.head.append(script);
  });
  return index;
};
const rank = ({ key, text }, wanted) => {
  const last = key.split('.').at(-1);
  if (key === wanted || last === wanted) return 0;
  if (last.startsWith(wanted)) return 1;
  if (key.includes(wanted)) return 2;
  return text.includes(wanted) ? 3 : 4;
};
let picked = 0;
const show = async () => {
  const wanted = plain(box.value).replace(/^torch\./, '');
  list.hidden = wanted === '';
  if (wanted === '') return;
  const entries = await load();
  const found = entries
    .map((entry) => ({ entry, at: rank(entry, wanted) }))
    .filter(({ at }) => at < 4)
    .sort((a, b) => a.at - b.at || a.entry.key.length - b.entry.key.length)
    .slice(0, 30);
  list.replaceChildren(
    ...found.map(({ entry }, i) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      link.href = up + entry.href;
      link.classList.toggle('picked', i === 0);
      const name = document.createElement('b');
      name.textContent = entry.name;
      const about = document.createElement('span');
      about.textContent = entry.about;
      link.append(name, about);
      item.append(link);
      return item;
    }),
  );
  if (found.length === 0) {
    const none = document.createElement('li');
    none.className = 'none';
    none.textContent = 'Nothing is called so.';
    list.append(none);
  }
  picked = 0;
};
box.addEventListener('focus', load, { once: true });
box.addEventListener('input', show);
box.addEventListener('keydown', (event) => {
  const links = [...list.querySelectorAll('a')];
  if (event.key === 'Escape') list.hidden = true;
  else if (event.key === 'Enter' && links[picked]) {
    list.hidden = true;
    location.href = links[picked].href;
  } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    picked = Math.max(0, Math.min(links.length - 1, picked + (event.key === 'ArrowDown' ? 1 : -1)));
    links.forEach((link, i) => link.classList.toggle('picked', i === picked));
    links[picked]?.scrollIntoView({ block: 'nearest' });
  }
});
document.addEventListener('click', (event) => {
  if (!event.target.closest('.search') || event.target.closest('.search a')) list.hidden = true;
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || /^(INPUT|TEXTAREA)$/.test(document.activeElement?.tagName ?? '')) return;
  event.preventDefault();
  box.focus();
});

const filter = document.querySelector('.filter');
filter?.addEventListener('input', () => {
  const wanted = plain(filter.value);
  for (const section of document.querySelectorAll('.name')) section.hidden = !plain(section.dataset.name).includes(wanted);
});
