// Which pages of the repository the site has, and where. Used by index.ts and layout.ts.
import { readdirSync, readFileSync } from 'node:fs';

/** A page: a file of the repository, its path in the site, and what the menu calls it. */
export interface Entry {
  readonly source: string;
  readonly page: string;
  readonly label: string;
}
/** A part of the menu. */
export interface Part {
  readonly label: string;
  readonly entries: readonly Entry[];
}

const entry = (source: string, page: string, label: string): Entry => ({ source, page: `${page}.html`, label });

const listed: readonly Part[] = [
  {
    label: 'Start',
    entries: [entry('README.md', 'index', 'What it is'), entry('docs/quick-start.md', 'quick-start', 'Quick start')],
  },
  {
    label: 'PyTorch to flambeau',
    entries: [
      entry('docs/pytorch/tensor.md', 'pytorch/tensor', 'Tensors'),
      entry('docs/pytorch/autograd.md', 'pytorch/autograd', 'Autograd'),
      entry('docs/pytorch/nn.md', 'pytorch/nn', 'nn.Module'),
      entry('docs/pytorch/optim.md', 'pytorch/optim', 'Optimizers'),
      entry('docs/pytorch/device.md', 'pytorch/device', 'Devices'),
      entry('docs/porting.md', 'porting', 'Porting a script'),
      entry('docs/arguments.md', 'arguments', 'Arguments'),
    ],
  },
  {
    label: 'Guides',
    entries: [
      entry('docs/data.md', 'data', 'Loading data'),
      entry('docs/saving.md', 'saving', 'Saving and loading'),
      entry('docs/memory.md', 'memory', 'Memory'),
      entry('docs/serving.md', 'serving', 'Serving and workers'),
      entry('docs/cuda.md', 'cuda', 'GPUs'),
      entry('docs/distributed.md', 'distributed', 'Several machines'),
      entry('docs/types.md', 'types', 'Types'),
      entry('examples/README.md', 'examples', 'Examples'),
      entry('CONTRIBUTING.md', 'contributing', 'Adding an operator'),
    ],
  },
  {
    label: 'Figures',
    entries: [
      entry('bench/CURVES.md', 'bench/curves', 'How it grows'),
      entry('bench/README.md', 'bench/index', 'Benchmarks'),
      entry('docs/parity.md', 'parity', 'PyTorch’s names'),
      entry('CHANGELOG.md', 'changelog', 'Changes'),
    ],
  },
];

// pages of docs/ that are not listed yet go to the guides, under their own titles
const docs = new URL('../../docs/', import.meta.url);
const known = new Set(listed.flatMap((part) => part.entries.map((e) => e.source)));
const others = readdirSync(docs)
  .filter((file) => file.endsWith('.md') && !known.has(`docs/${file}`))
  .sort()
  .map((file) => {
    const title = /^# (.*)$/m.exec(readFileSync(new URL(file, docs), 'utf8'))?.[1] ?? file;
    return entry(`docs/${file}`, file.replace(/\.md$/, ''), title);
  });

export const CONTENTS: readonly Part[] = listed.map((part) =>
  part.label === 'Guides' ? { ...part, entries: [...part.entries, ...others] } : part,
);
