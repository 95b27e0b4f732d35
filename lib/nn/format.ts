// How modules print: PyTorch's text. Called by Module and the containers.

/** Indents all lines but the first. */
const indent = (text: string): string => text.replace(/\n(?=[^\n])/g, '\n  ');

/** A module's name and description, its children on lines of their own, equal neighbours together where it is a list. */
export function formatModule(name: string, extra: string, children: readonly [string, string][], list = false): string {
  if (children.length === 0 && !extra.includes('\n')) return `${name}(${extra})`;
  const lines = extra === '' ? [] : extra.split('\n');
  for (let i = 0; i < children.length; ) {
    const [key, text] = children[i]!;
    let end = i + 1;
    if (list) while (end < children.length && children[end]![1] === text) end++;
    lines.push(
      end - i > 1 ? `(${key}-${children[end - 1]![0]}): ${end - i} x ${indent(text)}` : `(${key}): ${indent(text)}`,
    );
    i = end;
  }
  return `${name}(\n  ${lines.join('\n  ')}\n)`;
}
