// Every public name has a doc comment, and every one that exists at run time an example, which examples.test.ts runs. The
// names come from scripts/site/names.ts, as do those of the site.
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { rows } from '../lib/define.ts';
import * as torch from '../lib/index.ts';
import { type Names, publicNames } from '../scripts/site/names.ts';

let names: Names;
beforeAll(() => {
  names = publicNames();
}, 120_000);
afterAll(() => names.close());

const none = (names: readonly string[]): void => assert.ok(names.length === 0, `${names.length}:\n${names.join('\n')}`);

describe('documentation', () => {
  test('the compiler knows every name there is', () => {
    none(names.unknown);
    const typed = new Set(names.found.map((f) => f.path));
    const methods = Object.getOwnPropertyNames(torch.Tensor.prototype).filter((key) => key !== 'constructor');
    none(methods.filter((key) => !typed.has(`Tensor#${key}`)));
    // rows that others are made of, and nobody calls
    none(
      [...rows.keys()].filter(
        (key) => !typed.has(key) && !typed.has(`special.${key}`) && !['truncDiv', 'floorDiv'].includes(key),
      ),
    );
    for (const path of ['exp', 'F.relu6', 'nn.Linear', 'optim.lrScheduler.StepLR', 'Tensor#add_', 'Tensor#max'])
      assert.ok(typed.has(path), path);
  });

  test('every name has a doc comment', () => {
    const bare = names.found.filter((f) => names.checker.getDocumentationCommentOfSymbol(f.name).trim() === '');
    none(bare.map((f) => f.path));
  });

  test('every name that exists at run time has an example', () => {
    const without = names.found.filter(
      ({ name, runs, internal }) =>
        runs &&
        !internal &&
        !names.checker.getJsDocTagsOfSymbol(name).some((tag) => tag.name === 'example' && tag.text?.trim()),
    );
    none(without.map((f) => f.path));
  });
});
