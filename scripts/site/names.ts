// Every public name with the symbol that documents it. The compiler lists them: it follows re-exports, and the methods and
// in-place forms that are made from the operators. Used by the site (api.ts) and by test/documentation.test.ts.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import { isQualifiedName, isTypeQueryNode, isTypeReferenceNode, isVariableDeclaration } from 'typescript/unstable/ast/is';
import { API, type Checker, type Project, type Symbol as Name, SymbolFlags } from 'typescript/unstable/sync';
import * as torch from '../../lib/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url)).replaceAll('\\', '/');

/** A public name. */
export interface Found {
  /** As it is written behind `torch.`: `nn.Linear`, `Tensor#add_`. */
  readonly path: string;
  /** The symbol with its doc comment, and that of the name itself, whose type it has. */
  readonly name: Name;
  readonly own: Name;
  /** Whether it needs an example. */
  readonly runs: boolean;
  /** Whether its doc comment says that it is none of the user's business. */
  readonly internal: boolean;
}
/** What there is, and the compiler that knows more of it. */
export interface Names {
  readonly found: readonly Found[];
  /** Names that exist at run time, and the compiler does not know. */
  readonly unknown: readonly string[];
  readonly project: Project;
  readonly checker: Checker;
  close(): void;
}
type Values = Readonly<Record<string, unknown>>;

/** Asks the compiler for all public names: takes some seconds. Close it after use. */
export function publicNames(): Names {
  const api = new API({ cwd: root });
  const project = api.updateSnapshot({ openProjects: [`${root}tsconfig.json`] }).getProjects()[0]!;
  const { checker } = project;
  const found: Found[] = [];
  const unknown: string[] = [];
  const modules = new Set<Name>();
  const seen = new Set<string>();

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

  const add = (path: string, name: Name, own: Name, runs: boolean): void => {
    const internal = checker.getDocumentationCommentOfSymbol(name).startsWith('Internal: ');
    found.push({ path, name, own, runs, internal });
  };
  /** Lists the exports of a module, whose values at run time are `values`. */
  function walk(module: Name, values: Values, prefix: string): void {
    const exported = new Set<string>();
    for (const entry of checker.getExportsOfModule(module)) {
      const [name, path] = [target(entry), prefix + entry.name];
      const runs = entry.name in values;
      exported.add(entry.name);
      if (name.flags & SymbolFlags.ValueModule) {
        // F is nn.functional: once is enough
        if (!modules.has(name)) {
          modules.add(name);
          walk(name, values[entry.name] as Values, `${path}.`);
        }
      } else add(path, name, entry, runs);
      if (runs && name.flags & SymbolFlags.Class) {
        for (const member of members(name)) {
          const method = target(member, name);
          add(`${path}#${member.name}`, method, member, name.name === 'Tensor');
        }
      }
    }
    for (const key of Object.keys(values)) if (!exported.has(key)) unknown.push(prefix + key);
  }

  const index = project.program.getSourceFile(`${root}lib/index.ts`);
  assert.ok(index);
  const module = checker.getSymbolAtLocation(index);
  assert.ok(module);
  walk(module, torch, '');
  return { found, unknown, project, checker, close: () => api.close() };
}
