// How a public name is called, as text for readers: lists of arguments are written out (`...args: Call<[dim?: number], O>`
// becomes `dim?: number, options?: O`). Used by api.ts.
import {
  isArrowFunction,
  isCallSignatureDeclaration,
  isClassDeclaration,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isPropertyDeclaration,
  isPropertySignatureDeclaration,
  isVariableDeclaration,
} from 'typescript/unstable/ast/is';
import type { Node } from 'typescript/unstable/ast';
import { type Project, SignatureKind, type Symbol as Name } from 'typescript/unstable/sync';
import { type Declared, declared, parts, runTo } from './source.ts';

interface Signed extends Node {
  readonly typeParameters?: readonly Node[];
  readonly parameters: readonly Node[];
  readonly type?: Node;
  readonly body?: Node;
}
/** A name's calls, and the types that they mention. */
export interface Signature {
  readonly calls: readonly string[];
  readonly types: readonly Declared[];
}

const textOf = (node: Node): string =>
  node
    .getSourceFile()
    .text.slice(node.pos, node.end)
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/\/\/[^\n]*/g, '')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/([[({]) (?=\S)/g, (_, c: string) => (c === '{' ? '{ ' : c))
    .replaceAll(/,? ([)\]])/g, '$1')
    .trim();

const substitute = (text: string, names: readonly string[], values: readonly string[]): string =>
  names.reduce((t, name, i) => t.replaceAll(new RegExp(`\\b${name}\\b`, 'g'), () => values[i] ?? name), text);

/** The items of a tuple type, written out as far as they are known; null where it is none. */
function items(type: string, file: string, depth = 0): string[] | null {
  const text = type.trim().replace(/^\| /, '').replace(/^readonly (?=\[)/, '');
  if (depth > 6 || parts(text, '|').length > 1) return null;
  if (text.startsWith('[') && runTo(text, 1, ']') === text.length - 1)
    return parts(text.slice(1, -1)).flatMap((item) => {
      const rest = /^\.\.\.(?:\w+: )?(.*)$/.exec(item)?.[1];
      return (rest !== undefined && items(rest, file, depth + 1)) || [item];
    });
  const [, name, given] = /^(\w+)(?:<(.*)>)?$/.exec(text) ?? [];
  if (name === undefined) return null;
  const values = given === undefined ? [] : parts(given);
  const at = (i: number): string[] | null => (values[i] === undefined ? [] : items(values[i]!, file, depth + 1));
  const options = (i: number): string[] =>
    values[i] === undefined || /^(unknown|object|\{\s*\})$/.test(values[i]!) ? [] : [`options?: ${values[i]}`];
  if (name === 'SizeArgs') return ['...sizes: number[]', ...options(0)];
  if (name === 'Draw') return [...(at(0) ?? []), `options?: ${values[1]} & GeneratorOption`];
  if (name === 'Call' || name === 'Named') {
    const lists = name === 'Call' ? [at(0)] : [at(0), at(2)];
    if (lists.includes(null)) return null;
    const o = name === 'Call' ? 1 : 3;
    return [...lists.flatMap((list) => list!), ...options(o)];
  }
  const type_ = declared(name, file);
  if (type_?.kind !== 'type') return null;
  return items(substitute(type_.text, type_.parameters, values), file, depth + 1);
}

/** The same of a type that may be one of several tuples. */
function lists(type: string, file: string, depth = 0): string[][] | null {
  const whole = items(type, file);
  if (whole !== null) return [whole];
  const text = type.trim().replace(/^\| /, '');
  const ways = parts(text, '|');
  if (ways.length > 1) {
    const found = ways.map((way) => lists(way, file, depth + 1));
    return found.includes(null) || found.length > 6 ? null : found.flatMap((list) => list!);
  }
  const [, name, given] = /^(\w+)(?:<(.*)>)?$/.exec(text) ?? [];
  const alias = name === undefined || depth > 6 ? undefined : declared(name, file);
  if (alias?.kind !== 'type') return null;
  return lists(substitute(alias.text, alias.parameters, given === undefined ? [] : parts(given)), file, depth + 1);
}

/** The lists that parameters stand for: what comes as `...args` is written out. */
function written(parameters: readonly string[], file: string): string[][] {
  const plain = parameters.map((parameter) => parameter.replace(/^(\w+)(: .*)? = .*$/, '$1?$2'));
  const rest = /^\.\.\.\w+: (.*)$/.exec(plain.at(-1) ?? '')?.[1];
  const ways = rest === undefined ? null : lists(rest, file);
  return ways === null ? [plain] : ways.map((way) => [...plain.slice(0, -1), ...way]);
}

const KNOWN = new Set(['Tensor', 'Scalar', 'Shape', 'Size', 'Device', 'Module', 'Parameter', 'DType']);
/** The library's types that a signature mentions, with those that these extend. */
function mentioned(texts: readonly string[], file: string, seen = new Set<string>()): Declared[] {
  return texts.flatMap((text) =>
    [...text.matchAll(/\b[A-Z]\w+/g)].flatMap(([name]) => {
      if (KNOWN.has(name) || seen.has(name) || seen.size > 8) return [];
      const type = declared(name, file);
      if (type === undefined || (type.parameters.length > 0 && type.kind === 'type')) return [];
      seen.add(name);
      return [type, ...mentioned([type.whole], file, seen)];
    }),
  );
}

/** `(self: Tensor, dim: number): R` without its first parameter: of a method, that is the tensor. */
const withoutSelf = (list: readonly string[]): string[] => list.slice(1);

/** The definition of a type of the library. */
export const definitionOf = (name: Name): Declared | undefined =>
  declared(name.name, name.declarations[0]?.path.split('/lib/').at(-1) ?? '');

/** How a name is called as `shown`; a method that is made of an operator has one parameter less. */
export function signatureOf(name: Name, shown: string, project: Project, method: boolean): Signature {
  const calls: string[] = [];
  const { checker } = project;
  const nodes = name.declarations.map((handle) => handle.resolve(project)).filter((node) => node !== undefined);
  let file = name.declarations[0]?.path.split('/lib/').at(-1) ?? '';
  const call = (node: Signed, label: string, drop: boolean): void => {
    const generics = node.typeParameters?.length ? `<${node.typeParameters.map(textOf).join(', ')}>` : '';
    const type = node.type ? `: ${textOf(node.type)}` : '';
    for (const list of written(node.parameters.map(textOf), file))
      calls.push(`${label}${generics}(${(drop ? withoutSelf(list) : list).join(', ')})${type}`);
  };
  const ofType = (type: string, drop: boolean): void => {
    // a function's type, by name or written out; an interface of several calls
    const named = declared(type, file);
    const text = named?.text ?? type;
    if (named?.kind === 'interface')
      for (const line of parts(text.slice(1, -1), ';')) calls.push(line.startsWith('(') ? shown + line : line);
    else if (/^\(.*\) => /.test(text)) {
      const end = runTo(text, 1, ')');
      for (const list of written(parts(text.slice(1, end)), file))
        calls.push(`${shown}(${(drop ? withoutSelf(list) : list).join(', ')}): ${text.slice(end + 5)}`);
    } else calls.push(`${shown}: ${type}`);
  };
  /** The constructor of the class that this one extends. */
  const inherited = (): void => {
    const type = checker.getTypeOfSymbol(name);
    if (type === undefined) return;
    for (const { declaration } of checker.getSignaturesOfType(type, SignatureKind.Construct)) {
      const node = declaration?.resolve(project);
      if (node && isConstructorDeclaration(node)) {
        const before = file;
        file = declaration!.path.split('/lib/').at(-1)!;
        call(node as Signed, `new ${shown}`, false);
        file = before;
      }
    }
  };
  const implementations = nodes.filter((node) => (node as Signed).body !== undefined);
  for (const node of nodes) {
    const overloaded = nodes.length > implementations.length && implementations.includes(node);
    if (isFunctionDeclaration(node) || isMethodDeclaration(node)) {
      if (!overloaded) call(node as Signed, shown, method && isFunctionDeclaration(node));
    } else if (isMethodSignatureDeclaration(node) || isCallSignatureDeclaration(node)) call(node as Signed, shown, false);
    else if (isGetAccessorDeclaration(node)) calls.push(`${shown}${node.type ? `: ${textOf(node.type)}` : ''}`);
    else if (isPropertySignatureDeclaration(node) || isPropertyDeclaration(node)) {
      if (node.type) ofType(textOf(node.type), false);
    } else if (isVariableDeclaration(node)) {
      const value = node.initializer;
      if (node.type) ofType(textOf(node.type), method);
      else if (value && isArrowFunction(value)) call(value as Signed, shown, method);
      else if (value) calls.push(`${shown} = ${textOf(value)}`);
    } else if (isClassDeclaration(node)) {
      const makers = node.members.filter(isConstructorDeclaration) as readonly Node[] as readonly Signed[];
      const open = makers.length > 1 ? makers.filter((m) => m.body === undefined) : makers;
      if (open.length > 0) for (const maker of open) call(maker, `new ${shown}`, false);
      else inherited();
    }
  }
  return { calls: [...new Set(calls)], types: mentioned(calls, file) };
}
