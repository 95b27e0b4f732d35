// Turns the measured curves into pictures. Called by curves.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Limits } from './limits.ts';
import { allSeries, type Series } from './series.ts';
import { COLORS, type Curve, drawChart, type Panel } from './svg.ts';

/** Milliseconds of one step at x, the least of some blocks; null without PyTorch. */
export interface Point {
  readonly x: number;
  readonly ours: number;
  readonly torch: number | null;
}
/** What curves.json holds. */
export interface Measured {
  readonly date: string;
  readonly machine: string;
  readonly threads: number;
  readonly limits: Readonly<Record<string, Limits>>;
  /** By "picture/series". */
  readonly curves: Readonly<Record<string, readonly Point[]>>;
}

const TITLES = {
  size: ['Time over size', 'elements', 3],
  batch: ['Time of a training step over batch size', 'batch', 3],
  depth: ['Time of a training step over depth', 'layers', 1],
  threads: ['Time over threads', 'threads', 3],
} as const;

/** Milliseconds that the machine needs at least: for the bytes or for the arithmetic, whichever takes longer. */
export function limitAt(series: Series, x: number, measured: Measured): number | null {
  const limits = measured.limits[series.picture === 'threads' ? x : measured.threads];
  if (!series.work || !limits) return null;
  const { bytes, flops } = series.work(x);
  return Math.max(bytes / limits.bandwidth, flops / limits.flops) * 1e3;
}

function panel(series: Series, measured: Measured): Panel {
  const points = measured.curves[`${series.picture}/${series.name}`] ?? [];
  const torch = points.flatMap((p): [number, number][] => (p.torch === null ? [] : [[p.x, p.torch]]));
  const limit = points.flatMap(({ x }): [number, number][] => {
    const ms = limitAt(series, x, measured);
    return ms === null ? [] : [[x, ms]];
  });
  const curves: Curve[] = [
    { label: 'the machine’s limit', color: COLORS.limit, dashed: true, points: limit },
    { label: 'PyTorch', color: COLORS.torch, points: torch },
    { label: 'flambeau', color: COLORS.ours, points: points.map((p) => [p.x, p.ours]) },
  ];
  return { title: series.title, xLabel: series.axis ?? TITLES[series.picture][1], curves };
}

/** Writes a picture a kind of growth into `folder`, from the curves.json that lies there. */
export function drawAll(folder: URL): string[] {
  const measured = JSON.parse(readFileSync(new URL('curves.json', folder), 'utf8')) as Measured;
  const series = allSeries(measured.threads);
  const drawn: string[] = [];
  for (const [picture, [title, , columns]] of Object.entries(TITLES)) {
    const panels = series.filter((s) => s.picture === picture).map((s) => panel(s, measured));
    if (!panels.some((p) => p.curves.some((c) => c.points.length > 0))) continue;
    writeFileSync(new URL(`${picture}.svg`, folder), drawChart(`${title}, ${measured.machine}`, panels, columns));
    drawn.push(`${picture}.svg`);
  }
  return drawn;
}
