// A TypeScript project that uses flambeau, as strict as can be and without Node's types: the declarations that the build
// emits must compile there, and keep the doc comments. So must the blocks of the pages for users.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flambeau-consumer-'));
afterAll(() => rmSync(folder, { recursive: true }));
const tsc = (...args: readonly string[]): string => {
  const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
    cwd: root,
    encoding: 'utf8',
  });
  return status === 0 ? '' : stdout;
};

const SCRIPT = `import * as torch from './types/index.js';
const { nn, optim } = torch;
class Net extends nn.Module {
  a = new nn.Linear(4, 8);
  b = new nn.Linear(8, 3);
  override forward(x: torch.Tensor): torch.Tensor {
    return this.b.forward(torch.relu(this.a.forward(x)));
  }
}
const net = new Net();
nn.init.kaimingNormal_(net.a.weight, { nonlinearity: 'relu' });
const optimizer = new optim.AdamW(net.parameters(), 1e-2);
const schedule = new optim.lrScheduler.StepLR(optimizer, { stepSize: 5 });
const set = new torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(0, 3, [32]));
for (const [x, y] of new torch.utils.data.DataLoader(set, 8, true)) {
  const loss = nn.functional.crossEntropy(net.forward(x!), y!, { labelSmoothing: 0.1 });
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
schedule.step();
const [values, indices]: readonly torch.Tensor[] = torch.randn(2, 3).max(1);
export const text: string = \`\${values} \${indices}\`;
`;

/** The ts blocks of a page, each a module. */
const blocksOf = (page: string): string[] =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => {
    const body = code!.replace(/^import \* as torch from 'flambeau';$/m, '');
    return `import * as torch from './types/index.js';\n${body}\nexport {};\n`;
  });

test('the declarations compile in a strict project', () => {
  expect(tsc('-p', 'tsconfig.build.json', '--outDir', join(folder, 'types'))).toBe('');
  const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: [] };
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  writeFileSync(join(folder, 'script.ts'), SCRIPT);
  writeFileSync(join(folder, 'tmp.d.ts'), 'declare const tmp: string;');
  const pages = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' });
  for (const page of ['README.md', 'CONTRIBUTING.md', ...pages.map((file) => `docs/${file}`)]) {
    if (!page.endsWith('.md')) continue;
    blocksOf(page).forEach((code, i) => {
      writeFileSync(join(folder, `${page.replaceAll(/\W/g, '-')}-${i}.ts`), code);
    });
  }
  expect(tsc('-p', folder)).toBe('');
  assert.match(readFileSync(join(folder, 'types/ops/unary.d.ts'), 'utf8'), /Element-wise exponential/);
}, 180_000);
