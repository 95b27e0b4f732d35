// The functions of torch.linalg, as users call them. Written by scripts/public.ts: do not edit.
import * as linalg from '../linalg/index.ts';
import { type Public, publish } from './publish.ts';

export * from '../linalg/index.ts';
export const cholesky: Public<'linalg.cholesky', typeof linalg.cholesky> = publish('linalg.cholesky', linalg.cholesky);
export const choleskyEx: Public<'linalg.choleskyEx', typeof linalg.choleskyEx> = publish(
  'linalg.choleskyEx',
  linalg.choleskyEx,
);
export const cond: Public<'linalg.cond', typeof linalg.cond> = publish('linalg.cond', linalg.cond);
export const cross: Public<'linalg.cross', typeof linalg.cross> = publish('linalg.cross', linalg.cross);
export const det: Public<'linalg.det', typeof linalg.det> = publish('linalg.det', linalg.det);
export const diagonal: Public<'linalg.diagonal', typeof linalg.diagonal> = publish('linalg.diagonal', linalg.diagonal);
export const eigh: Public<'linalg.eigh', typeof linalg.eigh> = publish('linalg.eigh', linalg.eigh);
export const eigvalsh: Public<'linalg.eigvalsh', typeof linalg.eigvalsh> = publish('linalg.eigvalsh', linalg.eigvalsh);
export const householderProduct: Public<'linalg.householderProduct', typeof linalg.householderProduct> = publish(
  'linalg.householderProduct',
  linalg.householderProduct,
);
export const inv: Public<'linalg.inv', typeof linalg.inv> = publish('linalg.inv', linalg.inv);
export const invEx: Public<'linalg.invEx', typeof linalg.invEx> = publish('linalg.invEx', linalg.invEx);
export const ldlFactor: Public<'linalg.ldlFactor', typeof linalg.ldlFactor> = publish(
  'linalg.ldlFactor',
  linalg.ldlFactor,
);
export const ldlFactorEx: Public<'linalg.ldlFactorEx', typeof linalg.ldlFactorEx> = publish(
  'linalg.ldlFactorEx',
  linalg.ldlFactorEx,
);
export const ldlSolve: Public<'linalg.ldlSolve', typeof linalg.ldlSolve> = publish('linalg.ldlSolve', linalg.ldlSolve);
export const lstsq: Public<'linalg.lstsq', typeof linalg.lstsq> = publish('linalg.lstsq', linalg.lstsq);
export const lu: Public<'linalg.lu', typeof linalg.lu> = publish('linalg.lu', linalg.lu);
export const luFactor: Public<'linalg.luFactor', typeof linalg.luFactor> = publish('linalg.luFactor', linalg.luFactor);
export const luFactorEx: Public<'linalg.luFactorEx', typeof linalg.luFactorEx> = publish(
  'linalg.luFactorEx',
  linalg.luFactorEx,
);
export const luSolve: Public<'linalg.luSolve', typeof linalg.luSolve> = publish('linalg.luSolve', linalg.luSolve);
export const matmul: Public<'linalg.matmul', typeof linalg.matmul> = publish('linalg.matmul', linalg.matmul);
export const matrixExp: Public<'linalg.matrixExp', typeof linalg.matrixExp> = publish(
  'linalg.matrixExp',
  linalg.matrixExp,
);
export const matrixNorm: Public<'linalg.matrixNorm', typeof linalg.matrixNorm> = publish(
  'linalg.matrixNorm',
  linalg.matrixNorm,
);
export const matrixPower: Public<'linalg.matrixPower', typeof linalg.matrixPower> = publish(
  'linalg.matrixPower',
  linalg.matrixPower,
);
export const matrixRank: Public<'linalg.matrixRank', typeof linalg.matrixRank> = publish(
  'linalg.matrixRank',
  linalg.matrixRank,
);
export const multiDot: Public<'linalg.multiDot', typeof linalg.multiDot> = publish('linalg.multiDot', linalg.multiDot);
export const norm: Public<'linalg.norm', typeof linalg.norm> = publish('linalg.norm', linalg.norm);
export const pinv: Public<'linalg.pinv', typeof linalg.pinv> = publish('linalg.pinv', linalg.pinv);
export const qr: Public<'linalg.qr', typeof linalg.qr> = publish('linalg.qr', linalg.qr);
export const slogdet: Public<'linalg.slogdet', typeof linalg.slogdet> = publish('linalg.slogdet', linalg.slogdet);
export const solve: Public<'linalg.solve', typeof linalg.solve> = publish('linalg.solve', linalg.solve);
export const solveEx: Public<'linalg.solveEx', typeof linalg.solveEx> = publish('linalg.solveEx', linalg.solveEx);
export const solveTriangular: Public<'linalg.solveTriangular', typeof linalg.solveTriangular> = publish(
  'linalg.solveTriangular',
  linalg.solveTriangular,
);
export const svd: Public<'linalg.svd', typeof linalg.svd> = publish('linalg.svd', linalg.svd);
export const svdvals: Public<'linalg.svdvals', typeof linalg.svdvals> = publish('linalg.svdvals', linalg.svdvals);
export const tensorinv: Public<'linalg.tensorinv', typeof linalg.tensorinv> = publish(
  'linalg.tensorinv',
  linalg.tensorinv,
);
export const tensorsolve: Public<'linalg.tensorsolve', typeof linalg.tensorsolve> = publish(
  'linalg.tensorsolve',
  linalg.tensorsolve,
);
export const vander: Public<'linalg.vander', typeof linalg.vander> = publish('linalg.vander', linalg.vander);
export const vecdot: Public<'linalg.vecdot', typeof linalg.vecdot> = publish('linalg.vecdot', linalg.vecdot);
export const vectorNorm: Public<'linalg.vectorNorm', typeof linalg.vectorNorm> = publish(
  'linalg.vectorNorm',
  linalg.vectorNorm,
);
