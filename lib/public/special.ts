// The functions of torch.special, as users call them. Written by scripts/public.ts: do not edit.
import * as special from '../special.ts';
import { type Public, publish } from './publish.ts';

export * from '../special.ts';
export const digamma: Public<'digamma', typeof special.digamma> = publish('digamma', special.digamma);
export const entr: Public<'entr', typeof special.entr> = publish('entr', special.entr);
export const erf: Public<'erf', typeof special.erf> = publish('erf', special.erf);
export const erfc: Public<'erfc', typeof special.erfc> = publish('erfc', special.erfc);
export const erfcx: Public<'erfcx', typeof special.erfcx> = publish('erfcx', special.erfcx);
export const erfinv: Public<'erfinv', typeof special.erfinv> = publish('erfinv', special.erfinv);
export const exp2: Public<'exp2', typeof special.exp2> = publish('exp2', special.exp2);
export const expit: Public<'expit', typeof special.expit> = publish('expit', special.expit);
export const expm1: Public<'expm1', typeof special.expm1> = publish('expm1', special.expm1);
export const gammaln: Public<'gammaln', typeof special.gammaln> = publish('gammaln', special.gammaln);
export const i0: Public<'i0', typeof special.i0> = publish('i0', special.i0);
export const i0e: Public<'i0e', typeof special.i0e> = publish('i0e', special.i0e);
export const i1: Public<'i1', typeof special.i1> = publish('i1', special.i1);
export const i1e: Public<'i1e', typeof special.i1e> = publish('i1e', special.i1e);
export const log1p: Public<'log1p', typeof special.log1p> = publish('log1p', special.log1p);
export const logNdtr: Public<'logNdtr', typeof special.logNdtr> = publish('logNdtr', special.logNdtr);
export const logSoftmax: Public<'logSoftmax', typeof special.logSoftmax> = publish('logSoftmax', special.logSoftmax);
export const logit: Public<'logit', typeof special.logit> = publish('logit', special.logit);
export const logsumexp: Public<'logsumexp', typeof special.logsumexp> = publish('logsumexp', special.logsumexp);
export const multigammaln: Public<'multigammaln', typeof special.multigammaln> = publish(
  'multigammaln',
  special.multigammaln,
);
export const ndtr: Public<'ndtr', typeof special.ndtr> = publish('ndtr', special.ndtr);
export const ndtri: Public<'ndtri', typeof special.ndtri> = publish('ndtri', special.ndtri);
export const polygamma: Public<'polygamma', typeof special.polygamma> = publish('polygamma', special.polygamma);
export const psi: Public<'psi', typeof special.psi> = publish('psi', special.psi);
export const round: Public<'round', typeof special.round> = publish('round', special.round);
export const sinc: Public<'sinc', typeof special.sinc> = publish('sinc', special.sinc);
export const softmax: Public<'softmax', typeof special.softmax> = publish('softmax', special.softmax);
export const xlog1py: Public<'xlog1py', typeof special.xlog1py> = publish('xlog1py', special.xlog1py);
export const xlogy: Public<'xlogy', typeof special.xlogy> = publish('xlogy', special.xlogy);
export const zeta: Public<'zeta', typeof special.zeta> = publish('zeta', special.zeta);
