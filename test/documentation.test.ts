// Every public name has a doc comment, and every one that exists at run time an example, which examples.test.ts runs. The
// compiler lists the names: it follows re-exports, and the methods and in-place forms that are made from the operators.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import {
  isQualifiedName,
  isTypeQueryNode,
  isTypeReferenceNode,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import { API, type Checker, type Project, type Symbol as Name, SymbolFlags } from 'typescript/unstable/sync';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { rows } from '../lib/define.ts';
import * as torch from '../lib/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url)).replaceAll('\\', '/');
const api = new API({ cwd: root });
let project: Project;
let checker: Checker;

/** What a name stands for: behind `export … from`, `export { bool_ as bool }` and lib/public/, and `add` behind `add_`. */
function target(name: Name, type?: Name): Name {
  if (name.flags & SymbolFlags.Alias) {
    const aliased = checker.getAliasedSymbol(name);
    return aliased === name ? name : target(aliased, type);
  }
  const node = name.declarations[0]?.resolve(project);
  if (name.declarations[0]?.path.includes('/lib/public/')) {
    // const add: Public<'add', typeof ops.add>
    const published = node && isVariableDeclaration(node) && node.type;
    const query = published && isTypeReferenceNode(published) ? published.typeArguments?.[1] : undefined;
    const operator =
      query && isTypeQueryNode(query) && isQualifiedName(query.exprName)
        ? checker.getSymbolAtLocation(query.exprName.right)
        : undefined;
    if (operator) return target(operator);
  }
  if (node === undefined && type && name.name.endsWith('_')) {
    const operator = propertiesOf(type).find((p) => p.name === name.name.slice(0, -1));
    if (operator) return target(operator);
  }
  return (node?.kind === SyntaxKind.ExportSpecifier && checker.getExportSpecifierLocalTargetSymbol(node)) || name;
}

const propertiesOf = (type: Name): readonly Name[] =>
  checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(type));
const seen = new Set<string>();

/** A class's own methods and accessors for everybody; what overrides a method has that one's comment. */
function members(type: Name): Name[] {
  return [...propertiesOf(type), ...type.getExports().values()].filter((member) => {
    const handle = member.declarations[0];
    if (handle?.path.includes('/node_modules/') || member.name.startsWith('__')) return false;
    const key = handle ? `${handle.path}:${handle.index}` : `${type.name}#${member.name}`;
    if (type.name !== 'Tensor' && (seen.has(key) || type.name === 'Parameter')) return false;
    seen.add(key);
    const node = handle?.resolve(project) as { modifiers?: readonly { kind: SyntaxKind }[] } | undefined;
    const hidden = [SyntaxKind.ProtectedKeyword, SyntaxKind.PrivateKeyword, SyntaxKind.OverrideKeyword];
    if (node?.modifiers?.some((m) => hidden.includes(m.kind))) return false;
    const called = SymbolFlags.Method | SymbolFlags.GetAccessor | SymbolFlags.SetAccessor;
    // properties count where they are methods or accessors made from something else
    return (member.flags & called) !== 0 || (type.name === 'Tensor' && member.name in torch.Tensor.prototype);
  });
}

interface Found {
  readonly path: string;
  readonly name: Name;
  /** Whether it needs an example. */
  readonly runs: boolean;
}
const found: Found[] = [];
const unknown: string[] = [];
const modules = new Set<Name>();

/** Lists the exports of a module, whose values at run time are `values`. */
function walk(module: Name, values: Readonly<Record<string, unknown>>, prefix: string): void {
  const exported = new Set<string>();
  for (const entry of checker.getExportsOfModule(module)) {
    const [name, path] = [target(entry), prefix + entry.name];
    const runs = entry.name in values;
    exported.add(entry.name);
    if (name.flags & SymbolFlags.ValueModule) {
      // F is nn.functional: once is enough
      if (!modules.has(name)) {
        modules.add(name);
        walk(name, values[entry.name] as Readonly<Record<string, unknown>>, `${path}.`);
      }
    } else found.push({ path, name, runs });
    if (runs && name.flags & SymbolFlags.Class) {
      for (const member of members(name)) {
        const method = target(member, name);
        const internal = checker.getDocumentationCommentOfSymbol(method).startsWith('Internal: ');
        found.push({ path: `${path}#${member.name}`, name: method, runs: name.name === 'Tensor' && !internal });
      }
    }
  }
  for (const key of Object.keys(values)) if (!exported.has(key)) unknown.push(prefix + key);
}

beforeAll(() => {
  const snapshot = api.updateSnapshot({ openProjects: [`${root}tsconfig.json`] });
  project = snapshot.getProjects()[0]!;
  checker = project.checker;
  const index = project.program.getSourceFile(`${root}lib/index.ts`);
  assert.ok(index);
  const module = checker.getSymbolAtLocation(index);
  assert.ok(module);
  walk(module, torch, '');
}, 120_000);
afterAll(() => api.close());

const none = (names: readonly string[]): void => assert.ok(names.length === 0, `${names.length}:\n${names.join('\n')}`);

describe('documentation', () => {
  test('the compiler knows every name there is', () => {
    none(unknown);
    const typed = new Set(found.map((f) => f.path));
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
    const bare = found.filter((f) => checker.getDocumentationCommentOfSymbol(f.name).trim() === '');
    none(bare.map((f) => f.path));
  });

  test('every name that exists at run time has an example', () => {
    const without = found.filter(
      (f) => f.runs && !checker.getJsDocTagsOfSymbol(f.name).some((tag) => tag.name === 'example' && tag.text?.trim()),
    );
    none(without.map((f) => f.path));
  });
});
