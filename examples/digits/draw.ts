// Pictures: digits in the terminal, and the loss curve and the confusion matrix as an SVG. Called by index.ts and predict.ts.
import { SIZE } from './data.ts';
import type { Epoch } from './train.ts';

/** A 28 × 28 image as lines of block characters, each of which shows two pixels, one above the other. */
export function imageLines(pixels: ArrayLike<number>, margin = 0): string[] {
  const ink = (row: number, column: number): boolean => (pixels[row * SIZE + column] ?? 0) > 0.4;
  const lines: string[] = [];
  for (let row = margin; row < SIZE - margin; row += 2) {
    let line = '';
    for (let column = margin; column < SIZE - margin; column++) {
      line += ' ▀▄█'[(ink(row, column) ? 1 : 0) + (ink(row + 1, column) ? 2 : 0)];
    }
    lines.push(line);
  }
  return lines;
}

/** Blocks of lines side by side; all but the last are as wide as their widest line. */
export function beside(blocks: readonly (readonly string[])[], gap = '   '): string {
  const height = Math.max(...blocks.map((block) => block.length));
  const widths = blocks.map((block) => Math.max(...block.map((line) => line.length)));
  const lines = Array.from({ length: height }, (_, y) =>
    blocks
      .map((block, i) => (block[y] ?? '').padEnd(widths[i]!))
      .join(gap)
      .trimEnd(),
  );
  return lines.join('\n');
}

/** How sure the network is of each digit, as a bar for each. */
export function barLines(digits: readonly number[], probabilities: readonly number[]): string[] {
  const best = Math.max(...probabilities);
  return digits.map((digit, i) => {
    const p = probabilities[i]!;
    const percent = `${(100 * p).toFixed(1)} %`.padStart(7);
    return `${digit} ${percent} ${'█'.repeat(Math.round(20 * p))}${p === best ? ' ◀' : ''}`;
  });
}

/** How often each class (row) was taken for each (column). */
export function confusionMatrix(
  labels: readonly number[],
  predictions: readonly number[],
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, i) => {
    counts[label]![predictions[i]!]!++;
  });
  return counts;
}

const text = (x: number, y: number, content: string | number, style = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${style}>${content}</text>`;
const path = (points: readonly (readonly [number, number])[], style: string): string =>
  `<polyline points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')}" fill="none" ${style}/>`;

/** The loss of each batch, its average so far, and the held-out loss after each epoch, on a logarithmic scale. */
function lossCurve(
  losses: readonly number[],
  epochs: readonly Epoch[],
  left: number,
  top: number,
  size: number,
): string {
  const all = [...losses, ...epochs.map((e) => e.loss)].filter((loss) => loss > 0);
  const low = Math.floor(Math.log10(Math.max(1e-6, Math.min(1, ...all))));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...all))));
  const x = (batch: number): number => left + (size * batch) / Math.max(1, losses.length);
  const y = (loss: number): number => {
    const share = (Math.log10(Math.max(loss, 10 ** low)) - low) / (high - low);
    return top + size * (1 - share);
  };
  const parts: string[] = [];
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power);
    parts.push(`<path d="M${left} ${at.toFixed(1)}h${size}" stroke="#ddd"/>`);
    parts.push(
      text(left - 8, at + 4, 10 ** power < 1 ? (10 ** power).toFixed(-power) : 10 ** power, 'text-anchor="end"'),
    );
  }
  const each = losses.length / Math.max(1, epochs.length);
  const skip = Math.ceil(epochs.length / 12);
  epochs.forEach((_, i) => {
    if ((i + 1) % skip === 0) parts.push(text(x(each * (i + 1)), top + size + 18, i + 1, 'text-anchor="middle"'));
  });
  let average = losses[0] ?? 0;
  const smooth = losses.map((loss, i) => {
    average = 0.95 * average + 0.05 * loss;
    return [x(i + 1), y(average)] as const;
  });
  parts.push(
    path(
      losses.map((loss, i) => [x(i + 1), y(loss)]),
      'stroke="#9ecae1" stroke-width="0.7"',
    ),
  );
  parts.push(path(smooth, 'stroke="#08519c" stroke-width="2"'));
  const held = epochs.map((e, i) => [x(each * (i + 1)), y(e.loss)] as const);
  parts.push(path(held, 'stroke="#d94801" stroke-width="1.5"'));
  for (const [cx, cy] of held)
    parts.push(`<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="3.5" fill="#d94801"/>`);
  parts.push(text(left + size - 8, top + 16, 'training', 'text-anchor="end" fill="#08519c"'));
  parts.push(text(left + size - 8, top + 32, 'held-out digits', 'text-anchor="end" fill="#d94801"'));
  parts.push(text(left + size / 2, top + size + 38, 'epoch', 'text-anchor="middle"'));
  return parts.join('\n');
}

/** The counts, the right answers in blue and the mistakes in red. */
function matrix(
  counts: readonly (readonly number[])[],
  digits: readonly number[],
  left: number,
  top: number,
  size: number,
): string {
  const cell = size / digits.length;
  const most = Math.max(1, ...counts.map((row, i) => row[i]!));
  const parts: string[] = [];
  counts.forEach((row, r) => {
    const y = top + r * cell;
    parts.push(text(left - 10, y + cell / 2 + 4, digits[r]!, 'text-anchor="end"'));
    parts.push(text(left + (r + 0.5) * cell, top + size + 18, digits[r]!, 'text-anchor="middle"'));
    row.forEach((count, c) => {
      const x = left + c * cell;
      const strength = r === c ? count / most : Math.min(1, 0.2 + count / 8);
      const fill = count === 0 ? '#f7f7f7' : r === c ? '#2171b5' : '#d94801';
      parts.push(
        `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${(cell - 1).toFixed(1)}" height="${(cell - 1).toFixed(1)}" ` +
          `fill="${fill}" fill-opacity="${count === 0 ? 1 : strength.toFixed(2)}"/>`,
      );
      const style = `text-anchor="middle" fill="${strength > 0.6 ? '#fff' : '#222'}"`;
      if (count > 0) parts.push(text(x + cell / 2, y + cell / 2 + 4, count, style));
    });
  });
  parts.push(text(left + size / 2, top + size + 38, 'taken for', 'text-anchor="middle"'));
  return parts.join('\n');
}

/** What a training run has come to: the loss curve on the left, the confusion matrix on the right. */
export function report(
  run: { losses: readonly number[]; epochs: readonly Epoch[] },
  counts: readonly (readonly number[])[],
  digits: readonly number[],
): string {
  const size = 380;
  const accuracy = run.epochs.at(-1)?.accuracy ?? 0;
  return [
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 920 490" font-family="sans-serif" font-size="12" fill="#222">',
    '<rect width="920" height="490" fill="#fff"/>',
    text(70, 32, 'Loss', 'font-size="17"'),
    lossCurve(run.losses, run.epochs, 70, 50, size),
    text(510, 32, `Held-out digits: ${(100 * accuracy).toFixed(2)} % right`, 'font-size="17"'),
    matrix(counts, digits, 510, 50, size),
    '</svg>\n',
  ].join('\n');
}
