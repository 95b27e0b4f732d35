// Draws panels of curves, both axes logarithmic, as an SVG picture. The colours are legible on white and on dark ground,
// which stays transparent. Used by draw.ts.

/** Points that are joined by a line. */
export interface Curve {
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
  readonly points: readonly (readonly [x: number, y: number])[];
}
/** One picture of axes. */
export interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly curves: readonly Curve[];
}

export const COLORS = { ours: '#2f81f7', torch: '#d9730d', limit: '#808790' } as const;
const GREY = '#808790';

const WIDTH = 340;
const HEIGHT = 250;
/** Room around the axes for their labels. */
const LEFT = 58;
const RIGHT = 14;
const TOP = 30;
const BOTTOM = 44;
const LEGEND = 28;

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c] ?? '&quot;');
const round = (n: number): string => String(Math.round(n * 10) / 10);
const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${round(x)}" y="${round(y)}"${attributes && ` ${attributes}`}>${escape(content)}</text>`;
const line = (x1: number, y1: number, x2: number, y2: number, attributes: string): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${attributes}/>`;

/** Milliseconds as an axis says them: 10 ns, 1 µs, 100 ms. */
export function timeLabel(ms: number): string {
  const [unit, name] = ms >= 999 ? [1e3, 's'] : ms >= 0.999 ? [1, 'ms'] : ms >= 0.000999 ? [1e-3, 'µs'] : [1e-6, 'ns'];
  return `${Math.round((ms / unit) * 1000) / 1000} ${name}`;
}
/** A count as an axis says it: powers of two from 1024 on as K and M. */
export function countLabel(n: number): string {
  if (n >= 2 ** 20 && n % 2 ** 20 === 0) return `${n / 2 ** 20} M`;
  return n >= 1024 && n % 1024 === 0 ? `${n / 1024} K` : String(n);
}

/** Every n-th of the values, so that no more than `most` remain. */
const thin = <T>(values: readonly T[], most: number): T[] =>
  values.filter((_, i) => i % Math.ceil(values.length / most) === 0);

function drawPanel(panel: Panel, left: number, top: number): string {
  const points = panel.curves.flatMap((c) => c.points);
  const xs = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
  const ys = points.map(([, y]) => Math.log10(y));
  const low = Math.floor(Math.min(...ys));
  const high = Math.max(low + 1, Math.ceil(Math.max(...ys)));
  const [first, last] = [Math.log(xs[0]!), Math.log(xs.at(-1)!)];
  const x0 = left + LEFT;
  const y0 = top + HEIGHT - BOTTOM;
  const [w, h] = [WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM];
  const atX = (x: number): number => x0 + (last === first ? w / 2 : ((Math.log(x) - first) / (last - first)) * w);
  const atY = (y: number): number => y0 - ((Math.log10(y) - low) / (high - low)) * h;

  const parts = [text(x0, top + 18, panel.title, 'font-weight="bold"')];
  for (const power of thin(
    Array.from({ length: high - low + 1 }, (_, i) => low + i),
    8,
  )) {
    const y = atY(10 ** power);
    parts.push(line(x0, y, x0 + w, y, `stroke="${GREY}" stroke-opacity="0.3"`));
    parts.push(text(x0 - 6, y + 4, timeLabel(10 ** power), 'text-anchor="end"'));
  }
  for (const x of thin(xs, 7)) {
    parts.push(line(atX(x), y0, atX(x), y0 + 4, `stroke="${GREY}"`));
    parts.push(text(atX(x), y0 + 17, countLabel(x), 'text-anchor="middle"'));
  }
  parts.push(text(x0 + w / 2, y0 + 34, panel.xLabel, 'text-anchor="middle"'));
  parts.push(line(x0, y0, x0 + w, y0, `stroke="${GREY}"`), line(x0, y0, x0, y0 - h, `stroke="${GREY}"`));
  for (const { points, color, dashed } of panel.curves) {
    if (points.length === 0) continue;
    const path = points.map(([x, y]) => `${round(atX(x))},${round(atY(y))}`).join(' ');
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    parts.push(`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"${dash}/>`);
    if (!dashed)
      for (const [x, y] of points)
        parts.push(`<circle cx="${round(atX(x))}" cy="${round(atY(y))}" r="2.5" fill="${color}"/>`);
  }
  return parts.join('\n');
}

/** One line for each label that occurs in the panels. */
function drawLegend(panels: readonly Panel[]): string {
  const labels = new Map(panels.flatMap((p) => p.curves).map((c) => [c.label, c]));
  const parts: string[] = [];
  let x = LEFT;
  for (const { label, color, dashed } of labels.values()) {
    const dash = dashed ? ' stroke-dasharray="5 4"' : '';
    parts.push(line(x, 14, x + 26, 14, `stroke="${color}" stroke-width="2"${dash}`), text(x + 32, 18, label));
    x += 32 + 7 * label.length + 28;
  }
  return parts.join('\n');
}

/** The panels in rows of `columns`, under one legend. Panels without a point are left out. */
export function drawChart(title: string, panels: readonly Panel[], columns: number): string {
  const full = panels.filter((p) => p.curves.some((c) => c.points.length > 0));
  if (full.length === 0) throw new RangeError(`drawChart: '${title}' has no point to draw`);
  for (const [x, y] of full.flatMap((p) => p.curves).flatMap((c) => c.points)) {
    if (!(x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y)))
      throw new RangeError(`drawChart: '${title}': a logarithmic axis needs numbers above 0 but received (${x}, ${y})`);
  }
  const across = Math.min(columns, full.length);
  const width = across * WIDTH;
  const height = LEGEND + Math.ceil(full.length / across) * HEIGHT;
  const body = full.map((p, i) => drawPanel(p, (i % across) * WIDTH, LEGEND + Math.floor(i / across) * HEIGHT));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="12" fill="${GREY}">
<title>${escape(title)}</title>
${drawLegend(full)}
${body.join('\n')}
</svg>
`;
}
