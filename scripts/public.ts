// Writes lib/public/: the functions that users call, with PyTorch's names of their parameters and the rule of their `out`,
// from test/oracle/signatures.json and out.json. After every new public function:
//
//     npx tsx scripts/public.ts
//
// With --check it only says whether the files are up to date. Also run by test/out.test.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import * as create from '../lib/create.ts';
import * as createOther from '../lib/create-other.ts';
import * as data from '../lib/from-data.ts';
import * as functional from '../lib/functional.ts';
import * as globals from '../lib/globals.ts';
import * as linalg from '../lib/linalg/index.ts';
import * as ops from '../lib/ops/index.ts';
import * as distributions from '../lib/random-distributions.ts';
import * as random from '../lib/random.ts';
import * as special from '../lib/special.ts';
import * as windows from '../lib/windows.ts';

interface Row {
  readonly p: readonly string[];
  readonly out?: true;
}
const stored = (file: string): unknown => JSON.parse(readFileSync(new URL(`../test/oracle/${file}.json`, import.meta.url), 'utf8'));
const signatures = stored('signatures') as Readonly<Record<string, Readonly<Record<string, Row>>>>;
const seen = stored('out') as Readonly<Record<string, { dtypes: readonly string[]; takes: readonly string[] }>>;

/** Parameters with defaults that our function finds by their place only. */
const BY_PLACE: Readonly<Record<string, readonly string[]>> = {
  asStrided: ['storageOffset'],
  asStridedScatter: ['storageOffset'],
  bilinear: ['bias'],
  linear: ['bias'],
  put: ['accumulate'],
  type: ['dtype'],
};
/** Names that a script may use though PyTorch's function has others: its method, or what we call it. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  split: ['input splitSize dim?'],
  // without cudnnEnabled
  batchNorm: ['input weight bias runningMean runningVar training momentum eps'],
  instanceNorm: ['input weight bias runningMean runningVar useInputStats momentum eps'],
};
/** Methods whose name means something else in the namespace. */
const HIDDEN = new Set(['bfloat16', 'bool', 'cuda', 'double', 'float', 'half', 'int', 'long', 'short']);
/** Functions that make tensors: `out` has the say about the dtype. */
const MAKERS = new Set(['zeros', 'ones', 'empty', 'full', 'arange', 'linspace', 'logspace', 'eye', 'rand', 'randn', 'randint', 'randperm']);

const FLOATS = ['float64', 'float32', 'float16'];
function ruleOf(name: string): string {
  if (MAKERS.has(name)) return 'make';
  const row = seen[name];
  if (row === undefined) return 'same';
  const [result] = row.dtypes as [string];
  const takes = row.takes.join(' ');
  if (takes === result) return 'same';
  if (takes === 'uint8 bool') return 'mask';
  if (takes === FLOATS.join(' ')) return 'cast';
  if (row.takes.length === 7) return result === 'bool' || name === 'lu' ? 'any' : 'sums';
  if (result.startsWith('int')) return 'cast';
  return 'runs';
}

/** Ways to call, without lists that have no brackets; of two that differ in that, one. */
function ways(name: string, rows: readonly (Row | undefined)[]): string {
  const found = new Set<string>();
  for (const way of [...rows.flatMap((row) => row?.p ?? []), ...(ALSO[name] ?? [])]) {
    if (/^\*|^$/.test(way) && !/^\*size/.test(way)) continue;
    found.add(
      way
        .replaceAll('*', '')
        .split(' ')
        .map((w) => (w.endsWith('?') && BY_PLACE[name]?.includes(w.slice(0, -1)) ? w.replace('?', '~') : w))
        .join(' '),
    );
  }
  return [...found].join('|');
}

/** Whether `f.length` is all that a function looks at: neither defaults nor a rest among its parameters. */
const isFixed = (f: object): boolean => {
  const text = String(f);
  const list = /^(?:async )?(?:function\s*\w*\s*)?\(([^)]*)\)/.exec(text)?.[1] ?? /^(\w+) ?=>/.exec(text)?.[1];
  return list !== undefined && !/[.=({[]/.test(list);
};
const fixed: string[] = [];
const table: string[] = [];
const outs: string[] = [];
const known = new Map<string, unknown>();
/** One line for each function of a module. */
function lines(module: object, from: string, rowsOf: (name: string) => readonly (Row | undefined)[], prefix = ''): string[] {
  const made: string[] = [];
  for (const [name, f] of Object.entries(module).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (typeof f !== 'function' || /^[A-Z]/.test(name)) continue;
    const rows = rowsOf(name);
    const signature = ways(name, rows);
    const key = prefix + name;
    if ((signature === '' && !rows.some((row) => row?.out)) || HIDDEN.has(key)) continue;
    if (known.has(key) && known.get(key) !== f) throw new Error(`two functions ${key}`);
    if (!known.has(key)) {
      known.set(key, f);
      table.push(`  ${JSON.stringify(key)}: ${JSON.stringify(signature)},`);
      if (isFixed(f)) fixed.push(key);
      if (rows.find((row) => row)?.out) outs.push(`  ${JSON.stringify(key)}: '${ruleOf(key.replace('F.', ''))}',`);
    }
    const local = name === 'var' ? `var_ as var` : '';
    made.push(
      local
        ? `const var_: Public<'${key}', typeof ${from}.${name}> = publish('${key}', ${from}.${name});\nexport { ${local} };`
        : `export const ${name}: Public<'${key}', typeof ${from}.${name}> = publish('${key}', ${from}.${name});`,
    );
  }
  return made;
}

const { torch, Tensor, 'nn.functional': F } = signatures as { torch: Record<string, Row>; Tensor: Record<string, Row>; 'nn.functional': Record<string, Row> };
const own = (rows: Readonly<Record<string, Row>>, name: string): Row | undefined => (Object.hasOwn(rows, name) ? rows[name] : undefined);
const inTorch = (name: string): (Row | undefined)[] => [own(torch, name) ?? own(F, name), own(Tensor, name)];
const parts: [file: string, what: string, from: [alias: string, path: string, module: object][], rowsOf: typeof inTorch, prefix: string][] = [
  ['torch', 'the namespace itself', [
    ['ops', '../ops/index.ts', ops], ['create', '../create.ts', create], ['createOther', '../create-other.ts', createOther], ['windows', '../windows.ts', windows],
    ['data', '../from-data.ts', data], ['distributions', '../random-distributions.ts', { binomial: distributions.binomial, poisson: distributions.poisson }],
    ['globals', '../globals.ts', globals],
    ['random', '../random.ts', { bernoulli: random.bernoulli, multinomial: random.multinomial }],
  ], inTorch, ''],
  ['linalg', 'torch.linalg', [['linalg', '../linalg/index.ts', linalg]], (name) => [own(signatures['linalg']!, name)], 'linalg.'],
  ['special', 'torch.special', [['special', '../special.ts', special]], (name) => [own(signatures['special']!, name)], ''],
  ['functional', 'torch.nn.functional', [['functional', '../functional.ts', functional]], (name) => [own(F, name)], 'F.'],
];
const files = new Map<string, string>();
const HEAD = 'Written by scripts/public.ts: do not edit.';
for (const [file, what, modules, rowsOf, prefix] of parts) {
  const body = modules.flatMap(([alias, , module]) => lines(module, alias, rowsOf, prefix));
  const stars = modules.filter(([alias]) => !['random', 'distributions', 'createOther'].includes(alias)).map(([, path]) => `export * from '${path}';`);
  const imports = [...modules.map(([alias, path]) => `import * as ${alias} from '${path}';`), "import { type Public, publish } from './publish.ts';"];
  files.set(`${file}.ts`, `// The functions of ${what}, as users call them. ${HEAD}\n${imports.join('\n')}\n\n${stars.join('\n')}\n${body.join('\n')}\n`);
}
files.set(
  'signatures.ts',
  `// PyTorch's names of what the public functions take by position.\n` +
    `// \`?\`: has a default; \`~\`: that, and our function does not look for it in its options. ${HEAD}\n` +
    `export const SIGNATURES = {\n${table.sort().join('\n')}\n} as const;\n`,
);
files.set(
  'fixed.ts',
  `// The functions whose parameters are all that they look at: options behind them would be passed over. ${HEAD}\n` +
    `export const FIXED: ReadonlySet<string> = new Set([\n${fixed.sort().map((key) => `  ${JSON.stringify(key)},`).join('\n')}\n]);\n`,
);
files.set(
  'out-rules.ts',
  `// The public functions that take \`out\`, and of what dtype (see ../out.ts). ${HEAD}\nexport const OUT = {\n${outs.sort().join('\n')}\n} as const;\n`,
);

const folder = new URL('../lib/public/', import.meta.url);
/** A file without what the formatter changes. */
const bare = (text: string): string => text.replaceAll(/\s|['"]/g, '').replaceAll(/,(?=[)}])/g, '');
/** The files that are not as they should be. */
export const stale = (): string[] =>
  [...files].filter(([file, text]) => {
    try {
      return bare(readFileSync(new URL(file, folder), 'utf8')) !== bare(text);
    } catch {
      return true;
    }
  }).map(([file]) => file);
if (process.argv[1]?.endsWith('public.ts')) {
  if (process.argv.includes('--check')) {
    if (stale().length > 0) throw new Error(`lib/public/ is out of date: ${stale().join(', ')}; run npx tsx scripts/public.ts`);
  } else for (const file of stale()) writeFileSync(new URL(file, folder), files.get(file)!);
}
