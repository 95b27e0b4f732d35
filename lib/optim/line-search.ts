// The line search of LBFGS: a step that satisfies the strong Wolfe conditions (after lswolfe.lua of Torch 7).
import type { Tensor } from '../tensor.ts';

/** What is known at one point of the line. */
export interface Evaluation {
  readonly loss: number;
  readonly gradient: Tensor;
  /** The derivative along the line. */
  readonly slope: number;
}
interface Point extends Evaluation {
  readonly t: number;
}

/** The minimum of the cubic through two points with their slopes, within bounds. */
function cubic(a: Point, b: Point, bounds: readonly [number, number] = a.t <= b.t ? [a.t, b.t] : [b.t, a.t]): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 ** 2 - a.slope * b.slope;
  if (!(square >= 0)) return (bounds[0] + bounds[1]) / 2;
  const d2 = Math.sqrt(square);
  const least =
    a.t <= b.t
      ? b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
      : a.t - (a.t - b.t) * ((a.slope + d2 - d1) / (a.slope - b.slope + 2 * d2));
  return Math.min(Math.max(least, bounds[0]), bounds[1]);
}

const C1 = 1e-4;
const C2 = 0.9;
const TOLERANCE = 1e-9;

/** Looks along a line from `origin`, first at `t`; makes at most `limit` evaluations after that one. */
export function strongWolfe(
  at: (t: number) => Evaluation,
  t: number,
  length: number,
  origin: Evaluation,
  limit: number,
): Point & { evaluations: number } {
  const { loss, slope } = origin;
  const start: Point = { ...origin, t: 0 };
  let point: Point = { ...at(t), t };
  let previous = start;
  let evaluations = 1;
  let rounds = 0;
  const descends = (p: Point): boolean => p.loss <= loss + C1 * p.t * slope;
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -C2 * slope;

  // an interval that holds a point that satisfies the conditions
  let done = false;
  let bracket: [Point, Point] | null = null;
  while (rounds < limit) {
    if (!descends(point) || (rounds > 1 && point.loss >= previous.loss) || (!flat(point) && point.slope >= 0)) {
      bracket = [previous, point];
      break;
    }
    if (flat(point)) {
      bracket = [point, point];
      done = true;
      break;
    }
    const next = cubic(previous, point, [point.t + 0.01 * (point.t - previous.t), point.t * 10]);
    previous = point;
    point = { ...at(next), t: next };
    evaluations++;
    rounds++;
  }
  bracket ??= [start, point];

  // closer and closer
  let stuck = false;
  let low: 0 | 1 = bracket[0].loss <= bracket[1].loss ? 0 : 1;
  while (!done && rounds < limit) {
    const [a, b] = bracket;
    if (Math.abs(b.t - a.t) * length < TOLERANCE) break;
    let next = cubic(a, b);
    // a point too close to an end is moved inwards, the second time or when it is the end
    const [least, most] = [Math.min(a.t, b.t), Math.max(a.t, b.t)];
    const margin = 0.1 * (most - least);
    if (Math.min(most - next, next - least) < margin) {
      if (stuck || next >= most || next <= least) {
        next = Math.abs(next - most) < Math.abs(next - least) ? most - margin : least + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    point = { ...at(next), t: next };
    evaluations++;
    rounds++;
    const high: 0 | 1 = low === 0 ? 1 : 0;
    if (!descends(point) || point.loss >= bracket[low].loss) {
      bracket[high] = point;
      low = bracket[0].loss <= bracket[1].loss ? 0 : 1;
    } else {
      if (flat(point)) done = true;
      else if (point.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
      bracket[low] = point;
    }
  }
  return { ...bracket[low], evaluations };
}
