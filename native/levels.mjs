// Prints the kernel files to compile for one instruction set: `node native/levels.mjs v3 v2 v3 v4` for level 3 of a
// build of three. With `--small` behind the first, those to be compiled for size instead: copies at the lowest level of
// files that have a higher one, too, for processors from before 2013. Called by CMakeLists.txt and binding.gyp; the
// table is native/cpu/levels.h.
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('cpu/', import.meta.url);
const small = process.argv.includes('--small');
const [level, ...levels] = process.argv.slice(2).filter((argument) => argument !== '--small');
const table = readFileSync(new URL('levels.h', folder), 'utf8');
const files = [...table.matchAll(/^ {2}([FHL])\((\w+), (\d)\)/gm)].map(([, kind, name, top]) => ({
  name,
  top: Number(top),
  large: kind === 'L',
}));
const there = readdirSync(folder)
  .filter((name) => name.endsWith('.cc') && name !== 'cpu.cc')
  .map((name) => name.slice(0, -3));
const wrong = [
  ...there.filter((name) => !files.some((file) => file.name === name)).map((name) => `${name}.cc is not in it`),
  ...files.filter(({ name }) => !there.includes(name)).map(({ name }) => `there is no ${name}.cc`),
];
if (wrong.length > 0) throw new Error(`native/cpu/levels.h: ${wrong.join(', ')}`);

const [lowest, ...higher] = [...levels].sort();
const number = (name) => Number(name.slice(1));
const compiled = ({ top }) => level === lowest || top >= number(level);
const again = ({ top }) => level === lowest && higher.some((name) => number(name) <= top);
console.log(
  files
    .filter((file) => compiled(file) && again(file) === small && !(small && file.large))
    .map(({ name }) => `native/cpu/${name}.cc`)
    .join(' '),
);
