// The declarations that the build emits, as an editor reads them: none says `any`, and completion shows a doc comment for each
// export and each method of Tensor. That the comments are there in the sources is documentation.test.ts's.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, type Symbol as Name, SymbolFlags } from 'typescript/unstable/sync';
import { afterAll, describe, expect, test } from 'vitest';

const types = fileURLToPath(new URL('../dist/types/', import.meta.url)).replaceAll('\\', '/');
const folder = mkdtempSync(join(tmpdir(), 'flambeau-declarations-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the declarations', () => {
  test('say nowhere `any`', () => {
    const found: string[] = [];
    for (const file of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.d.ts')) continue;
      const text = readFileSync(join(types, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|'[^'\n]*'/g, '');
      // where a type may stand; `any` is a function, too
      for (const [match] of text.matchAll(/(?:[:<|&,(=]|=>|\bextends|\bkeyof|\breadonly)\s*any\b(?!\s*[:?(]).*/g))
        found.push(`${file}: ${match}`);
    }
    expect(found).toEqual([]);
  });

  test('have a doc comment for whatever completion offers', () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      noEmit: true,
      types: [],
      allowImportingTsExtensions: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [`${types}index.d.ts`] }));
    const api = new API({ cwd: folder });
    try {
      const project = api.updateSnapshot({ openProjects: [join(folder, 'tsconfig.json')] }).getProjects()[0]!;
      const { checker, program } = project;
      const index = program.getSourceFile(`${types}index.d.ts`);
      assert.ok(index);
      const bare: string[] = [];
      const seen = new Set<Name>();
      let count = 0;
      const look = (name: Name, path: string): void => {
        count++;
        if (checker.getDocumentationCommentOfSymbol(name).trim() === '') bare.push(path);
      };
      const walk = (module: Name, prefix: string): void => {
        seen.add(module);
        for (const entry of checker.getExportsOfModule(module)) {
          const name = entry.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(entry) : entry;
          const path = prefix + entry.name;
          if (name.flags & SymbolFlags.ValueModule) {
            if (!seen.has(name)) walk(name, `${path}.`);
            continue;
          }
          // the comment may be on the name that it is exported as
          if (checker.getDocumentationCommentOfSymbol(entry).trim() === '') look(name, path);
          else count++;
          if (path !== 'Tensor') continue;
          for (const member of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(name)))
            if (!member.name.startsWith('__')) look(member, `Tensor#${member.name}`);
        }
      };
      walk(checker.getSymbolAtLocation(index)!, '');
      assert.ok(bare.length === 0, `${bare.length} of ${count}: ${bare.join(' ')}`);
      assert.ok(count > 2500, `${count}`);
    } finally {
      api.close();
    }
  }, 60_000);
});
