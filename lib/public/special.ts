// The functions of torch.special, as users call them. Written by scripts/public.ts: do not edit.
import * as special from '../special.ts';
import { type Public, publish } from './publish.ts';

export * from '../special.ts';
export const airyAi: Public<'airyAi', typeof special.airyAi> = publish('airyAi', special.airyAi);
export const besselJ0: Public<'besselJ0', typeof special.besselJ0> = publish('besselJ0', special.besselJ0);
export const besselJ1: Public<'besselJ1', typeof special.besselJ1> = publish('besselJ1', special.besselJ1);
export const besselY0: Public<'besselY0', typeof special.besselY0> = publish('besselY0', special.besselY0);
export const besselY1: Public<'besselY1', typeof special.besselY1> = publish('besselY1', special.besselY1);
export const chebyshevPolynomialT: Public<'chebyshevPolynomialT', typeof special.chebyshevPolynomialT> = publish(
  'chebyshevPolynomialT',
  special.chebyshevPolynomialT,
);
export const chebyshevPolynomialU: Public<'chebyshevPolynomialU', typeof special.chebyshevPolynomialU> = publish(
  'chebyshevPolynomialU',
  special.chebyshevPolynomialU,
);
export const chebyshevPolynomialV: Public<'chebyshevPolynomialV', typeof special.chebyshevPolynomialV> = publish(
  'chebyshevPolynomialV',
  special.chebyshevPolynomialV,
);
export const chebyshevPolynomialW: Public<'chebyshevPolynomialW', typeof special.chebyshevPolynomialW> = publish(
  'chebyshevPolynomialW',
  special.chebyshevPolynomialW,
);
export const digamma: Public<'digamma', typeof special.digamma> = publish('digamma', special.digamma);
export const entr: Public<'entr', typeof special.entr> = publish('entr', special.entr);
export const erf: Public<'erf', typeof special.erf> = publish('erf', special.erf);
export const erfc: Public<'erfc', typeof special.erfc> = publish('erfc', special.erfc);
export const erfcx: Public<'erfcx', typeof special.erfcx> = publish('erfcx', special.erfcx);
export const erfinv: Public<'erfinv', typeof special.erfinv> = publish('erfinv', special.erfinv);
export const exp2: Public<'exp2', typeof special.exp2> = publish('exp2', special.exp2);
export const expit: Public<'expit', typeof special.expit> = publish('expit', special.expit);
export const expm1: Public<'expm1', typeof special.expm1> = publish('expm1', special.expm1);
export const gammainc: Public<'gammainc', typeof special.gammainc> = publish('gammainc', special.gammainc);
export const gammaincc: Public<'gammaincc', typeof special.gammaincc> = publish('gammaincc', special.gammaincc);
export const gammaln: Public<'gammaln', typeof special.gammaln> = publish('gammaln', special.gammaln);
export const hermitePolynomialH: Public<'hermitePolynomialH', typeof special.hermitePolynomialH> = publish(
  'hermitePolynomialH',
  special.hermitePolynomialH,
);
export const hermitePolynomialHe: Public<'hermitePolynomialHe', typeof special.hermitePolynomialHe> = publish(
  'hermitePolynomialHe',
  special.hermitePolynomialHe,
);
export const i0: Public<'i0', typeof special.i0> = publish('i0', special.i0);
export const i0e: Public<'i0e', typeof special.i0e> = publish('i0e', special.i0e);
export const i1: Public<'i1', typeof special.i1> = publish('i1', special.i1);
export const i1e: Public<'i1e', typeof special.i1e> = publish('i1e', special.i1e);
export const laguerrePolynomialL: Public<'laguerrePolynomialL', typeof special.laguerrePolynomialL> = publish(
  'laguerrePolynomialL',
  special.laguerrePolynomialL,
);
export const legendrePolynomialP: Public<'legendrePolynomialP', typeof special.legendrePolynomialP> = publish(
  'legendrePolynomialP',
  special.legendrePolynomialP,
);
export const log1p: Public<'log1p', typeof special.log1p> = publish('log1p', special.log1p);
export const logNdtr: Public<'logNdtr', typeof special.logNdtr> = publish('logNdtr', special.logNdtr);
export const logSoftmax: Public<'logSoftmax', typeof special.logSoftmax> = publish('logSoftmax', special.logSoftmax);
export const logit: Public<'logit', typeof special.logit> = publish('logit', special.logit);
export const logsumexp: Public<'logsumexp', typeof special.logsumexp> = publish('logsumexp', special.logsumexp);
export const modifiedBesselI0: Public<'modifiedBesselI0', typeof special.modifiedBesselI0> = publish(
  'modifiedBesselI0',
  special.modifiedBesselI0,
);
export const modifiedBesselI1: Public<'modifiedBesselI1', typeof special.modifiedBesselI1> = publish(
  'modifiedBesselI1',
  special.modifiedBesselI1,
);
export const modifiedBesselK0: Public<'modifiedBesselK0', typeof special.modifiedBesselK0> = publish(
  'modifiedBesselK0',
  special.modifiedBesselK0,
);
export const modifiedBesselK1: Public<'modifiedBesselK1', typeof special.modifiedBesselK1> = publish(
  'modifiedBesselK1',
  special.modifiedBesselK1,
);
export const multigammaln: Public<'multigammaln', typeof special.multigammaln> = publish(
  'multigammaln',
  special.multigammaln,
);
export const ndtr: Public<'ndtr', typeof special.ndtr> = publish('ndtr', special.ndtr);
export const ndtri: Public<'ndtri', typeof special.ndtri> = publish('ndtri', special.ndtri);
export const polygamma: Public<'polygamma', typeof special.polygamma> = publish('polygamma', special.polygamma);
export const psi: Public<'psi', typeof special.psi> = publish('psi', special.psi);
export const round: Public<'round', typeof special.round> = publish('round', special.round);
export const scaledModifiedBesselK0: Public<'scaledModifiedBesselK0', typeof special.scaledModifiedBesselK0> = publish(
  'scaledModifiedBesselK0',
  special.scaledModifiedBesselK0,
);
export const scaledModifiedBesselK1: Public<'scaledModifiedBesselK1', typeof special.scaledModifiedBesselK1> = publish(
  'scaledModifiedBesselK1',
  special.scaledModifiedBesselK1,
);
export const shiftedChebyshevPolynomialT: Public<
  'shiftedChebyshevPolynomialT',
  typeof special.shiftedChebyshevPolynomialT
> = publish('shiftedChebyshevPolynomialT', special.shiftedChebyshevPolynomialT);
export const shiftedChebyshevPolynomialU: Public<
  'shiftedChebyshevPolynomialU',
  typeof special.shiftedChebyshevPolynomialU
> = publish('shiftedChebyshevPolynomialU', special.shiftedChebyshevPolynomialU);
export const shiftedChebyshevPolynomialV: Public<
  'shiftedChebyshevPolynomialV',
  typeof special.shiftedChebyshevPolynomialV
> = publish('shiftedChebyshevPolynomialV', special.shiftedChebyshevPolynomialV);
export const shiftedChebyshevPolynomialW: Public<
  'shiftedChebyshevPolynomialW',
  typeof special.shiftedChebyshevPolynomialW
> = publish('shiftedChebyshevPolynomialW', special.shiftedChebyshevPolynomialW);
export const sinc: Public<'sinc', typeof special.sinc> = publish('sinc', special.sinc);
export const softmax: Public<'softmax', typeof special.softmax> = publish('softmax', special.softmax);
export const sphericalBesselJ0: Public<'sphericalBesselJ0', typeof special.sphericalBesselJ0> = publish(
  'sphericalBesselJ0',
  special.sphericalBesselJ0,
);
export const xlog1py: Public<'xlog1py', typeof special.xlog1py> = publish('xlog1py', special.xlog1py);
export const xlogy: Public<'xlogy', typeof special.xlogy> = publish('xlogy', special.xlogy);
export const zeta: Public<'zeta', typeof special.zeta> = publish('zeta', special.zeta);
