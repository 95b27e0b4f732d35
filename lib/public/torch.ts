// The functions of the namespace itself, as users call them. Written by scripts/public.ts: do not edit.
import * as ops from '../ops/index.ts';
import * as create from '../create.ts';
import * as createOther from '../create-other.ts';
import * as windows from '../windows.ts';
import * as data from '../from-data.ts';
import * as distributions from '../random-distributions.ts';
import * as globals from '../globals.ts';
import * as random from '../random.ts';
import { type Public, publish } from './publish.ts';

export * from '../ops/index.ts';
export * from '../create.ts';
export * from '../windows.ts';
export * from '../from-data.ts';
export * from '../globals.ts';
export const abs: Public<'abs', typeof ops.abs> = publish('abs', ops.abs);
export const absolute: Public<'absolute', typeof ops.absolute> = publish('absolute', ops.absolute);
export const acos: Public<'acos', typeof ops.acos> = publish('acos', ops.acos);
export const acosh: Public<'acosh', typeof ops.acosh> = publish('acosh', ops.acosh);
export const adaptiveAvgPool1d: Public<'adaptiveAvgPool1d', typeof ops.adaptiveAvgPool1d> = publish(
  'adaptiveAvgPool1d',
  ops.adaptiveAvgPool1d,
);
export const adaptiveAvgPool2d: Public<'adaptiveAvgPool2d', typeof ops.adaptiveAvgPool2d> = publish(
  'adaptiveAvgPool2d',
  ops.adaptiveAvgPool2d,
);
export const adaptiveAvgPool3d: Public<'adaptiveAvgPool3d', typeof ops.adaptiveAvgPool3d> = publish(
  'adaptiveAvgPool3d',
  ops.adaptiveAvgPool3d,
);
export const adaptiveMaxPool1d: Public<'adaptiveMaxPool1d', typeof ops.adaptiveMaxPool1d> = publish(
  'adaptiveMaxPool1d',
  ops.adaptiveMaxPool1d,
);
export const add: Public<'add', typeof ops.add> = publish('add', ops.add);
export const addbmm: Public<'addbmm', typeof ops.addbmm> = publish('addbmm', ops.addbmm);
export const addcdiv: Public<'addcdiv', typeof ops.addcdiv> = publish('addcdiv', ops.addcdiv);
export const addcmul: Public<'addcmul', typeof ops.addcmul> = publish('addcmul', ops.addcmul);
export const addmm: Public<'addmm', typeof ops.addmm> = publish('addmm', ops.addmm);
export const addmv: Public<'addmv', typeof ops.addmv> = publish('addmv', ops.addmv);
export const addr: Public<'addr', typeof ops.addr> = publish('addr', ops.addr);
export const adjoint: Public<'adjoint', typeof ops.adjoint> = publish('adjoint', ops.adjoint);
export const affineGrid: Public<'affineGrid', typeof ops.affineGrid> = publish('affineGrid', ops.affineGrid);
export const affineGridGenerator: Public<'affineGridGenerator', typeof ops.affineGridGenerator> = publish(
  'affineGridGenerator',
  ops.affineGridGenerator,
);
export const all: Public<'all', typeof ops.all> = publish('all', ops.all);
export const allclose: Public<'allclose', typeof ops.allclose> = publish('allclose', ops.allclose);
export const alphaDropout: Public<'alphaDropout', typeof ops.alphaDropout> = publish('alphaDropout', ops.alphaDropout);
export const amax: Public<'amax', typeof ops.amax> = publish('amax', ops.amax);
export const amin: Public<'amin', typeof ops.amin> = publish('amin', ops.amin);
export const aminmax: Public<'aminmax', typeof ops.aminmax> = publish('aminmax', ops.aminmax);
export const angle: Public<'angle', typeof ops.angle> = publish('angle', ops.angle);
export const any: Public<'any', typeof ops.any> = publish('any', ops.any);
export const arccos: Public<'arccos', typeof ops.arccos> = publish('arccos', ops.arccos);
export const arccosh: Public<'arccosh', typeof ops.arccosh> = publish('arccosh', ops.arccosh);
export const arcsin: Public<'arcsin', typeof ops.arcsin> = publish('arcsin', ops.arcsin);
export const arcsinh: Public<'arcsinh', typeof ops.arcsinh> = publish('arcsinh', ops.arcsinh);
export const arctan: Public<'arctan', typeof ops.arctan> = publish('arctan', ops.arctan);
export const arctan2: Public<'arctan2', typeof ops.arctan2> = publish('arctan2', ops.arctan2);
export const arctanh: Public<'arctanh', typeof ops.arctanh> = publish('arctanh', ops.arctanh);
export const argmax: Public<'argmax', typeof ops.argmax> = publish('argmax', ops.argmax);
export const argmin: Public<'argmin', typeof ops.argmin> = publish('argmin', ops.argmin);
export const argsort: Public<'argsort', typeof ops.argsort> = publish('argsort', ops.argsort);
export const argwhere: Public<'argwhere', typeof ops.argwhere> = publish('argwhere', ops.argwhere);
export const asStrided: Public<'asStrided', typeof ops.asStrided> = publish('asStrided', ops.asStrided);
export const asStridedScatter: Public<'asStridedScatter', typeof ops.asStridedScatter> = publish(
  'asStridedScatter',
  ops.asStridedScatter,
);
export const asin: Public<'asin', typeof ops.asin> = publish('asin', ops.asin);
export const asinh: Public<'asinh', typeof ops.asinh> = publish('asinh', ops.asinh);
export const atan: Public<'atan', typeof ops.atan> = publish('atan', ops.atan);
export const atan2: Public<'atan2', typeof ops.atan2> = publish('atan2', ops.atan2);
export const atanh: Public<'atanh', typeof ops.atanh> = publish('atanh', ops.atanh);
export const avgPool1d: Public<'avgPool1d', typeof ops.avgPool1d> = publish('avgPool1d', ops.avgPool1d);
export const avgPool2d: Public<'avgPool2d', typeof ops.avgPool2d> = publish('avgPool2d', ops.avgPool2d);
export const avgPool3d: Public<'avgPool3d', typeof ops.avgPool3d> = publish('avgPool3d', ops.avgPool3d);
export const baddbmm: Public<'baddbmm', typeof ops.baddbmm> = publish('baddbmm', ops.baddbmm);
export const batchNorm: Public<'batchNorm', typeof ops.batchNorm> = publish('batchNorm', ops.batchNorm);
export const bilinear: Public<'bilinear', typeof ops.bilinear> = publish('bilinear', ops.bilinear);
export const binaryCrossEntropy: Public<'binaryCrossEntropy', typeof ops.binaryCrossEntropy> = publish(
  'binaryCrossEntropy',
  ops.binaryCrossEntropy,
);
export const binaryCrossEntropyWithLogits: Public<
  'binaryCrossEntropyWithLogits',
  typeof ops.binaryCrossEntropyWithLogits
> = publish('binaryCrossEntropyWithLogits', ops.binaryCrossEntropyWithLogits);
export const bincount: Public<'bincount', typeof ops.bincount> = publish('bincount', ops.bincount);
export const bitwiseAnd: Public<'bitwiseAnd', typeof ops.bitwiseAnd> = publish('bitwiseAnd', ops.bitwiseAnd);
export const bitwiseLeftShift: Public<'bitwiseLeftShift', typeof ops.bitwiseLeftShift> = publish(
  'bitwiseLeftShift',
  ops.bitwiseLeftShift,
);
export const bitwiseNot: Public<'bitwiseNot', typeof ops.bitwiseNot> = publish('bitwiseNot', ops.bitwiseNot);
export const bitwiseOr: Public<'bitwiseOr', typeof ops.bitwiseOr> = publish('bitwiseOr', ops.bitwiseOr);
export const bitwiseRightShift: Public<'bitwiseRightShift', typeof ops.bitwiseRightShift> = publish(
  'bitwiseRightShift',
  ops.bitwiseRightShift,
);
export const bitwiseXor: Public<'bitwiseXor', typeof ops.bitwiseXor> = publish('bitwiseXor', ops.bitwiseXor);
export const bmm: Public<'bmm', typeof ops.bmm> = publish('bmm', ops.bmm);
export const broadcastTo: Public<'broadcastTo', typeof ops.broadcastTo> = publish('broadcastTo', ops.broadcastTo);
export const bucketize: Public<'bucketize', typeof ops.bucketize> = publish('bucketize', ops.bucketize);
export const byte: Public<'byte', typeof ops.byte> = publish('byte', ops.byte);
export const cat: Public<'cat', typeof ops.cat> = publish('cat', ops.cat);
export const cdist: Public<'cdist', typeof ops.cdist> = publish('cdist', ops.cdist);
export const ceil: Public<'ceil', typeof ops.ceil> = publish('ceil', ops.ceil);
export const celu: Public<'celu', typeof ops.celu> = publish('celu', ops.celu);
export const chainMatmul: Public<'chainMatmul', typeof ops.chainMatmul> = publish('chainMatmul', ops.chainMatmul);
export const channelShuffle: Public<'channelShuffle', typeof ops.channelShuffle> = publish(
  'channelShuffle',
  ops.channelShuffle,
);
export const char: Public<'char', typeof ops.char> = publish('char', ops.char);
export const cholesky: Public<'cholesky', typeof ops.cholesky> = publish('cholesky', ops.cholesky);
export const choleskyInverse: Public<'choleskyInverse', typeof ops.choleskyInverse> = publish(
  'choleskyInverse',
  ops.choleskyInverse,
);
export const choleskySolve: Public<'choleskySolve', typeof ops.choleskySolve> = publish(
  'choleskySolve',
  ops.choleskySolve,
);
export const chunk: Public<'chunk', typeof ops.chunk> = publish('chunk', ops.chunk);
export const clamp: Public<'clamp', typeof ops.clamp> = publish('clamp', ops.clamp);
export const clampMax: Public<'clampMax', typeof ops.clampMax> = publish('clampMax', ops.clampMax);
export const clampMin: Public<'clampMin', typeof ops.clampMin> = publish('clampMin', ops.clampMin);
export const clip: Public<'clip', typeof ops.clip> = publish('clip', ops.clip);
export const clone: Public<'clone', typeof ops.clone> = publish('clone', ops.clone);
export const columnStack: Public<'columnStack', typeof ops.columnStack> = publish('columnStack', ops.columnStack);
export const combinations: Public<'combinations', typeof ops.combinations> = publish('combinations', ops.combinations);
export const concat: Public<'concat', typeof ops.concat> = publish('concat', ops.concat);
export const concatenate: Public<'concatenate', typeof ops.concatenate> = publish('concatenate', ops.concatenate);
export const conj: Public<'conj', typeof ops.conj> = publish('conj', ops.conj);
export const conjPhysical: Public<'conjPhysical', typeof ops.conjPhysical> = publish('conjPhysical', ops.conjPhysical);
export const constantPadNd: Public<'constantPadNd', typeof ops.constantPadNd> = publish(
  'constantPadNd',
  ops.constantPadNd,
);
export const contiguous: Public<'contiguous', typeof ops.contiguous> = publish('contiguous', ops.contiguous);
export const conv1d: Public<'conv1d', typeof ops.conv1d> = publish('conv1d', ops.conv1d);
export const conv2d: Public<'conv2d', typeof ops.conv2d> = publish('conv2d', ops.conv2d);
export const conv3d: Public<'conv3d', typeof ops.conv3d> = publish('conv3d', ops.conv3d);
export const convTranspose1d: Public<'convTranspose1d', typeof ops.convTranspose1d> = publish(
  'convTranspose1d',
  ops.convTranspose1d,
);
export const convTranspose2d: Public<'convTranspose2d', typeof ops.convTranspose2d> = publish(
  'convTranspose2d',
  ops.convTranspose2d,
);
export const convTranspose3d: Public<'convTranspose3d', typeof ops.convTranspose3d> = publish(
  'convTranspose3d',
  ops.convTranspose3d,
);
export const copysign: Public<'copysign', typeof ops.copysign> = publish('copysign', ops.copysign);
export const corrcoef: Public<'corrcoef', typeof ops.corrcoef> = publish('corrcoef', ops.corrcoef);
export const cos: Public<'cos', typeof ops.cos> = publish('cos', ops.cos);
export const cosh: Public<'cosh', typeof ops.cosh> = publish('cosh', ops.cosh);
export const cosineEmbeddingLoss: Public<'cosineEmbeddingLoss', typeof ops.cosineEmbeddingLoss> = publish(
  'cosineEmbeddingLoss',
  ops.cosineEmbeddingLoss,
);
export const cosineSimilarity: Public<'cosineSimilarity', typeof ops.cosineSimilarity> = publish(
  'cosineSimilarity',
  ops.cosineSimilarity,
);
export const countNonzero: Public<'countNonzero', typeof ops.countNonzero> = publish('countNonzero', ops.countNonzero);
export const cov: Public<'cov', typeof ops.cov> = publish('cov', ops.cov);
export const cpu: Public<'cpu', typeof ops.cpu> = publish('cpu', ops.cpu);
export const cross: Public<'cross', typeof ops.cross> = publish('cross', ops.cross);
export const crossEntropy: Public<'crossEntropy', typeof ops.crossEntropy> = publish('crossEntropy', ops.crossEntropy);
export const ctcLoss: Public<'ctcLoss', typeof ops.ctcLoss> = publish('ctcLoss', ops.ctcLoss);
export const cummax: Public<'cummax', typeof ops.cummax> = publish('cummax', ops.cummax);
export const cummin: Public<'cummin', typeof ops.cummin> = publish('cummin', ops.cummin);
export const cumprod: Public<'cumprod', typeof ops.cumprod> = publish('cumprod', ops.cumprod);
export const cumsum: Public<'cumsum', typeof ops.cumsum> = publish('cumsum', ops.cumsum);
export const cumulativeTrapezoid: Public<'cumulativeTrapezoid', typeof ops.cumulativeTrapezoid> = publish(
  'cumulativeTrapezoid',
  ops.cumulativeTrapezoid,
);
export const deg2rad: Public<'deg2rad', typeof ops.deg2rad> = publish('deg2rad', ops.deg2rad);
export const det: Public<'det', typeof ops.det> = publish('det', ops.det);
export const diag: Public<'diag', typeof ops.diag> = publish('diag', ops.diag);
export const diagEmbed: Public<'diagEmbed', typeof ops.diagEmbed> = publish('diagEmbed', ops.diagEmbed);
export const diagflat: Public<'diagflat', typeof ops.diagflat> = publish('diagflat', ops.diagflat);
export const diagonal: Public<'diagonal', typeof ops.diagonal> = publish('diagonal', ops.diagonal);
export const diagonalScatter: Public<'diagonalScatter', typeof ops.diagonalScatter> = publish(
  'diagonalScatter',
  ops.diagonalScatter,
);
export const diff: Public<'diff', typeof ops.diff> = publish('diff', ops.diff);
export const digamma: Public<'digamma', typeof ops.digamma> = publish('digamma', ops.digamma);
export const dist: Public<'dist', typeof ops.dist> = publish('dist', ops.dist);
export const div: Public<'div', typeof ops.div> = publish('div', ops.div);
export const divide: Public<'divide', typeof ops.divide> = publish('divide', ops.divide);
export const dot: Public<'dot', typeof ops.dot> = publish('dot', ops.dot);
export const dropout: Public<'dropout', typeof ops.dropout> = publish('dropout', ops.dropout);
export const dsplit: Public<'dsplit', typeof ops.dsplit> = publish('dsplit', ops.dsplit);
export const dstack: Public<'dstack', typeof ops.dstack> = publish('dstack', ops.dstack);
export const elu: Public<'elu', typeof ops.elu> = publish('elu', ops.elu);
export const eq: Public<'eq', typeof ops.eq> = publish('eq', ops.eq);
export const equal: Public<'equal', typeof ops.equal> = publish('equal', ops.equal);
export const erf: Public<'erf', typeof ops.erf> = publish('erf', ops.erf);
export const erfc: Public<'erfc', typeof ops.erfc> = publish('erfc', ops.erfc);
export const erfinv: Public<'erfinv', typeof ops.erfinv> = publish('erfinv', ops.erfinv);
export const exp: Public<'exp', typeof ops.exp> = publish('exp', ops.exp);
export const exp2: Public<'exp2', typeof ops.exp2> = publish('exp2', ops.exp2);
export const expand: Public<'expand', typeof ops.expand> = publish('expand', ops.expand);
export const expandAs: Public<'expandAs', typeof ops.expandAs> = publish('expandAs', ops.expandAs);
export const expm1: Public<'expm1', typeof ops.expm1> = publish('expm1', ops.expm1);
export const featureAlphaDropout: Public<'featureAlphaDropout', typeof ops.featureAlphaDropout> = publish(
  'featureAlphaDropout',
  ops.featureAlphaDropout,
);
export const featureDropout: Public<'featureDropout', typeof ops.featureDropout> = publish(
  'featureDropout',
  ops.featureDropout,
);
export const fill: Public<'fill', typeof ops.fill> = publish('fill', ops.fill);
export const fix: Public<'fix', typeof ops.fix> = publish('fix', ops.fix);
export const flatten: Public<'flatten', typeof ops.flatten> = publish('flatten', ops.flatten);
export const flip: Public<'flip', typeof ops.flip> = publish('flip', ops.flip);
export const fliplr: Public<'fliplr', typeof ops.fliplr> = publish('fliplr', ops.fliplr);
export const flipud: Public<'flipud', typeof ops.flipud> = publish('flipud', ops.flipud);
export const floatPower: Public<'floatPower', typeof ops.floatPower> = publish('floatPower', ops.floatPower);
export const floor: Public<'floor', typeof ops.floor> = publish('floor', ops.floor);
export const floorDivide: Public<'floorDivide', typeof ops.floorDivide> = publish('floorDivide', ops.floorDivide);
export const fmax: Public<'fmax', typeof ops.fmax> = publish('fmax', ops.fmax);
export const fmin: Public<'fmin', typeof ops.fmin> = publish('fmin', ops.fmin);
export const fmod: Public<'fmod', typeof ops.fmod> = publish('fmod', ops.fmod);
export const frac: Public<'frac', typeof ops.frac> = publish('frac', ops.frac);
export const fractionalMaxPool2dWithIndices: Public<
  'fractionalMaxPool2dWithIndices',
  typeof ops.fractionalMaxPool2dWithIndices
> = publish('fractionalMaxPool2dWithIndices', ops.fractionalMaxPool2dWithIndices);
export const fractionalMaxPool3dWithIndices: Public<
  'fractionalMaxPool3dWithIndices',
  typeof ops.fractionalMaxPool3dWithIndices
> = publish('fractionalMaxPool3dWithIndices', ops.fractionalMaxPool3dWithIndices);
export const frexp: Public<'frexp', typeof ops.frexp> = publish('frexp', ops.frexp);
export const gather: Public<'gather', typeof ops.gather> = publish('gather', ops.gather);
export const gaussianNllLoss: Public<'gaussianNllLoss', typeof ops.gaussianNllLoss> = publish(
  'gaussianNllLoss',
  ops.gaussianNllLoss,
);
export const gcd: Public<'gcd', typeof ops.gcd> = publish('gcd', ops.gcd);
export const ge: Public<'ge', typeof ops.ge> = publish('ge', ops.ge);
export const gelu: Public<'gelu', typeof ops.gelu> = publish('gelu', ops.gelu);
export const geqrf: Public<'geqrf', typeof ops.geqrf> = publish('geqrf', ops.geqrf);
export const ger: Public<'ger', typeof ops.ger> = publish('ger', ops.ger);
export const getDevice: Public<'getDevice', typeof ops.getDevice> = publish('getDevice', ops.getDevice);
export const glu: Public<'glu', typeof ops.glu> = publish('glu', ops.glu);
export const gradient: Public<'gradient', typeof ops.gradient> = publish('gradient', ops.gradient);
export const greater: Public<'greater', typeof ops.greater> = publish('greater', ops.greater);
export const greaterEqual: Public<'greaterEqual', typeof ops.greaterEqual> = publish('greaterEqual', ops.greaterEqual);
export const gridSample: Public<'gridSample', typeof ops.gridSample> = publish('gridSample', ops.gridSample);
export const gridSampler: Public<'gridSampler', typeof ops.gridSampler> = publish('gridSampler', ops.gridSampler);
export const gridSampler2d: Public<'gridSampler2d', typeof ops.gridSampler2d> = publish(
  'gridSampler2d',
  ops.gridSampler2d,
);
export const gridSampler3d: Public<'gridSampler3d', typeof ops.gridSampler3d> = publish(
  'gridSampler3d',
  ops.gridSampler3d,
);
export const groupNorm: Public<'groupNorm', typeof ops.groupNorm> = publish('groupNorm', ops.groupNorm);
export const gt: Public<'gt', typeof ops.gt> = publish('gt', ops.gt);
export const hardshrink: Public<'hardshrink', typeof ops.hardshrink> = publish('hardshrink', ops.hardshrink);
export const hardsigmoid: Public<'hardsigmoid', typeof ops.hardsigmoid> = publish('hardsigmoid', ops.hardsigmoid);
export const hardswish: Public<'hardswish', typeof ops.hardswish> = publish('hardswish', ops.hardswish);
export const hardtanh: Public<'hardtanh', typeof ops.hardtanh> = publish('hardtanh', ops.hardtanh);
export const heaviside: Public<'heaviside', typeof ops.heaviside> = publish('heaviside', ops.heaviside);
export const hingeEmbeddingLoss: Public<'hingeEmbeddingLoss', typeof ops.hingeEmbeddingLoss> = publish(
  'hingeEmbeddingLoss',
  ops.hingeEmbeddingLoss,
);
export const histc: Public<'histc', typeof ops.histc> = publish('histc', ops.histc);
export const histogram: Public<'histogram', typeof ops.histogram> = publish('histogram', ops.histogram);
export const histogramdd: Public<'histogramdd', typeof ops.histogramdd> = publish('histogramdd', ops.histogramdd);
export const hsplit: Public<'hsplit', typeof ops.hsplit> = publish('hsplit', ops.hsplit);
export const hstack: Public<'hstack', typeof ops.hstack> = publish('hstack', ops.hstack);
export const huberLoss: Public<'huberLoss', typeof ops.huberLoss> = publish('huberLoss', ops.huberLoss);
export const hypot: Public<'hypot', typeof ops.hypot> = publish('hypot', ops.hypot);
export const i0: Public<'i0', typeof ops.i0> = publish('i0', ops.i0);
export const igamma: Public<'igamma', typeof ops.igamma> = publish('igamma', ops.igamma);
export const igammac: Public<'igammac', typeof ops.igammac> = publish('igammac', ops.igammac);
export const indexAdd: Public<'indexAdd', typeof ops.indexAdd> = publish('indexAdd', ops.indexAdd);
export const indexCopy: Public<'indexCopy', typeof ops.indexCopy> = publish('indexCopy', ops.indexCopy);
export const indexFill: Public<'indexFill', typeof ops.indexFill> = publish('indexFill', ops.indexFill);
export const indexPut: Public<'indexPut', typeof ops.indexPut> = publish('indexPut', ops.indexPut);
export const indexReduce: Public<'indexReduce', typeof ops.indexReduce> = publish('indexReduce', ops.indexReduce);
export const indexSelect: Public<'indexSelect', typeof ops.indexSelect> = publish('indexSelect', ops.indexSelect);
export const inner: Public<'inner', typeof ops.inner> = publish('inner', ops.inner);
export const instanceNorm: Public<'instanceNorm', typeof ops.instanceNorm> = publish('instanceNorm', ops.instanceNorm);
export const interpolate: Public<'interpolate', typeof ops.interpolate> = publish('interpolate', ops.interpolate);
export const inverse: Public<'inverse', typeof ops.inverse> = publish('inverse', ops.inverse);
export const isComplex: Public<'isComplex', typeof ops.isComplex> = publish('isComplex', ops.isComplex);
export const isConj: Public<'isConj', typeof ops.isConj> = publish('isConj', ops.isConj);
export const isNeg: Public<'isNeg', typeof ops.isNeg> = publish('isNeg', ops.isNeg);
export const isNonzero: Public<'isNonzero', typeof ops.isNonzero> = publish('isNonzero', ops.isNonzero);
export const isPinned: Public<'isPinned', typeof ops.isPinned> = publish('isPinned', ops.isPinned);
export const isSameSize: Public<'isSameSize', typeof ops.isSameSize> = publish('isSameSize', ops.isSameSize);
export const isSigned: Public<'isSigned', typeof ops.isSigned> = publish('isSigned', ops.isSigned);
export const isclose: Public<'isclose', typeof ops.isclose> = publish('isclose', ops.isclose);
export const isfinite: Public<'isfinite', typeof ops.isfinite> = publish('isfinite', ops.isfinite);
export const isin: Public<'isin', typeof ops.isin> = publish('isin', ops.isin);
export const isinf: Public<'isinf', typeof ops.isinf> = publish('isinf', ops.isinf);
export const isnan: Public<'isnan', typeof ops.isnan> = publish('isnan', ops.isnan);
export const isneginf: Public<'isneginf', typeof ops.isneginf> = publish('isneginf', ops.isneginf);
export const isposinf: Public<'isposinf', typeof ops.isposinf> = publish('isposinf', ops.isposinf);
export const isreal: Public<'isreal', typeof ops.isreal> = publish('isreal', ops.isreal);
export const klDiv: Public<'klDiv', typeof ops.klDiv> = publish('klDiv', ops.klDiv);
export const kron: Public<'kron', typeof ops.kron> = publish('kron', ops.kron);
export const kthvalue: Public<'kthvalue', typeof ops.kthvalue> = publish('kthvalue', ops.kthvalue);
export const l1Loss: Public<'l1Loss', typeof ops.l1Loss> = publish('l1Loss', ops.l1Loss);
export const layerNorm: Public<'layerNorm', typeof ops.layerNorm> = publish('layerNorm', ops.layerNorm);
export const lcm: Public<'lcm', typeof ops.lcm> = publish('lcm', ops.lcm);
export const ldexp: Public<'ldexp', typeof ops.ldexp> = publish('ldexp', ops.ldexp);
export const le: Public<'le', typeof ops.le> = publish('le', ops.le);
export const leakyRelu: Public<'leakyRelu', typeof ops.leakyRelu> = publish('leakyRelu', ops.leakyRelu);
export const lerp: Public<'lerp', typeof ops.lerp> = publish('lerp', ops.lerp);
export const less: Public<'less', typeof ops.less> = publish('less', ops.less);
export const lessEqual: Public<'lessEqual', typeof ops.lessEqual> = publish('lessEqual', ops.lessEqual);
export const lgamma: Public<'lgamma', typeof ops.lgamma> = publish('lgamma', ops.lgamma);
export const linear: Public<'linear', typeof ops.linear> = publish('linear', ops.linear);
export const linearCrossEntropy: Public<'linearCrossEntropy', typeof ops.linearCrossEntropy> = publish(
  'linearCrossEntropy',
  ops.linearCrossEntropy,
);
export const localResponseNorm: Public<'localResponseNorm', typeof ops.localResponseNorm> = publish(
  'localResponseNorm',
  ops.localResponseNorm,
);
export const log: Public<'log', typeof ops.log> = publish('log', ops.log);
export const log10: Public<'log10', typeof ops.log10> = publish('log10', ops.log10);
export const log1p: Public<'log1p', typeof ops.log1p> = publish('log1p', ops.log1p);
export const log2: Public<'log2', typeof ops.log2> = publish('log2', ops.log2);
export const logSoftmax: Public<'logSoftmax', typeof ops.logSoftmax> = publish('logSoftmax', ops.logSoftmax);
export const logaddexp: Public<'logaddexp', typeof ops.logaddexp> = publish('logaddexp', ops.logaddexp);
export const logaddexp2: Public<'logaddexp2', typeof ops.logaddexp2> = publish('logaddexp2', ops.logaddexp2);
export const logcumsumexp: Public<'logcumsumexp', typeof ops.logcumsumexp> = publish('logcumsumexp', ops.logcumsumexp);
export const logdet: Public<'logdet', typeof ops.logdet> = publish('logdet', ops.logdet);
export const logicalAnd: Public<'logicalAnd', typeof ops.logicalAnd> = publish('logicalAnd', ops.logicalAnd);
export const logicalNot: Public<'logicalNot', typeof ops.logicalNot> = publish('logicalNot', ops.logicalNot);
export const logicalOr: Public<'logicalOr', typeof ops.logicalOr> = publish('logicalOr', ops.logicalOr);
export const logicalXor: Public<'logicalXor', typeof ops.logicalXor> = publish('logicalXor', ops.logicalXor);
export const logit: Public<'logit', typeof ops.logit> = publish('logit', ops.logit);
export const logsigmoid: Public<'logsigmoid', typeof ops.logsigmoid> = publish('logsigmoid', ops.logsigmoid);
export const logsumexp: Public<'logsumexp', typeof ops.logsumexp> = publish('logsumexp', ops.logsumexp);
export const lpPool1d: Public<'lpPool1d', typeof ops.lpPool1d> = publish('lpPool1d', ops.lpPool1d);
export const lpPool2d: Public<'lpPool2d', typeof ops.lpPool2d> = publish('lpPool2d', ops.lpPool2d);
export const lpPool3d: Public<'lpPool3d', typeof ops.lpPool3d> = publish('lpPool3d', ops.lpPool3d);
export const lt: Public<'lt', typeof ops.lt> = publish('lt', ops.lt);
export const lu: Public<'lu', typeof ops.lu> = publish('lu', ops.lu);
export const luSolve: Public<'luSolve', typeof ops.luSolve> = publish('luSolve', ops.luSolve);
export const luUnpack: Public<'luUnpack', typeof ops.luUnpack> = publish('luUnpack', ops.luUnpack);
export const marginRankingLoss: Public<'marginRankingLoss', typeof ops.marginRankingLoss> = publish(
  'marginRankingLoss',
  ops.marginRankingLoss,
);
export const maskedFill: Public<'maskedFill', typeof ops.maskedFill> = publish('maskedFill', ops.maskedFill);
export const maskedScatter: Public<'maskedScatter', typeof ops.maskedScatter> = publish(
  'maskedScatter',
  ops.maskedScatter,
);
export const maskedSelect: Public<'maskedSelect', typeof ops.maskedSelect> = publish('maskedSelect', ops.maskedSelect);
export const matmul: Public<'matmul', typeof ops.matmul> = publish('matmul', ops.matmul);
export const matrixExp: Public<'matrixExp', typeof ops.matrixExp> = publish('matrixExp', ops.matrixExp);
export const matrixPower: Public<'matrixPower', typeof ops.matrixPower> = publish('matrixPower', ops.matrixPower);
export const max: Public<'max', typeof ops.max> = publish('max', ops.max);
export const maxPool1d: Public<'maxPool1d', typeof ops.maxPool1d> = publish('maxPool1d', ops.maxPool1d);
export const maxPool1dWithIndices: Public<'maxPool1dWithIndices', typeof ops.maxPool1dWithIndices> = publish(
  'maxPool1dWithIndices',
  ops.maxPool1dWithIndices,
);
export const maxPool2d: Public<'maxPool2d', typeof ops.maxPool2d> = publish('maxPool2d', ops.maxPool2d);
export const maxPool2dWithIndices: Public<'maxPool2dWithIndices', typeof ops.maxPool2dWithIndices> = publish(
  'maxPool2dWithIndices',
  ops.maxPool2dWithIndices,
);
export const maxPool3d: Public<'maxPool3d', typeof ops.maxPool3d> = publish('maxPool3d', ops.maxPool3d);
export const maxPool3dWithIndices: Public<'maxPool3dWithIndices', typeof ops.maxPool3dWithIndices> = publish(
  'maxPool3dWithIndices',
  ops.maxPool3dWithIndices,
);
export const maxUnpool1d: Public<'maxUnpool1d', typeof ops.maxUnpool1d> = publish('maxUnpool1d', ops.maxUnpool1d);
export const maxUnpool2d: Public<'maxUnpool2d', typeof ops.maxUnpool2d> = publish('maxUnpool2d', ops.maxUnpool2d);
export const maxUnpool3d: Public<'maxUnpool3d', typeof ops.maxUnpool3d> = publish('maxUnpool3d', ops.maxUnpool3d);
export const maximum: Public<'maximum', typeof ops.maximum> = publish('maximum', ops.maximum);
export const mean: Public<'mean', typeof ops.mean> = publish('mean', ops.mean);
export const median: Public<'median', typeof ops.median> = publish('median', ops.median);
export const min: Public<'min', typeof ops.min> = publish('min', ops.min);
export const minimum: Public<'minimum', typeof ops.minimum> = publish('minimum', ops.minimum);
export const mish: Public<'mish', typeof ops.mish> = publish('mish', ops.mish);
export const mm: Public<'mm', typeof ops.mm> = publish('mm', ops.mm);
export const mode: Public<'mode', typeof ops.mode> = publish('mode', ops.mode);
export const moveaxis: Public<'moveaxis', typeof ops.moveaxis> = publish('moveaxis', ops.moveaxis);
export const movedim: Public<'movedim', typeof ops.movedim> = publish('movedim', ops.movedim);
export const mseLoss: Public<'mseLoss', typeof ops.mseLoss> = publish('mseLoss', ops.mseLoss);
export const msort: Public<'msort', typeof ops.msort> = publish('msort', ops.msort);
export const mul: Public<'mul', typeof ops.mul> = publish('mul', ops.mul);
export const multiMarginLoss: Public<'multiMarginLoss', typeof ops.multiMarginLoss> = publish(
  'multiMarginLoss',
  ops.multiMarginLoss,
);
export const multilabelMarginLoss: Public<'multilabelMarginLoss', typeof ops.multilabelMarginLoss> = publish(
  'multilabelMarginLoss',
  ops.multilabelMarginLoss,
);
export const multilabelSoftMarginLoss: Public<'multilabelSoftMarginLoss', typeof ops.multilabelSoftMarginLoss> =
  publish('multilabelSoftMarginLoss', ops.multilabelSoftMarginLoss);
export const multiply: Public<'multiply', typeof ops.multiply> = publish('multiply', ops.multiply);
export const mv: Public<'mv', typeof ops.mv> = publish('mv', ops.mv);
export const mvlgamma: Public<'mvlgamma', typeof ops.mvlgamma> = publish('mvlgamma', ops.mvlgamma);
export const nanToNum: Public<'nanToNum', typeof ops.nanToNum> = publish('nanToNum', ops.nanToNum);
export const nanmean: Public<'nanmean', typeof ops.nanmean> = publish('nanmean', ops.nanmean);
export const nanmedian: Public<'nanmedian', typeof ops.nanmedian> = publish('nanmedian', ops.nanmedian);
export const nanquantile: Public<'nanquantile', typeof ops.nanquantile> = publish('nanquantile', ops.nanquantile);
export const nansum: Public<'nansum', typeof ops.nansum> = publish('nansum', ops.nansum);
export const narrow: Public<'narrow', typeof ops.narrow> = publish('narrow', ops.narrow);
export const nativeBatchNorm: Public<'nativeBatchNorm', typeof ops.nativeBatchNorm> = publish(
  'nativeBatchNorm',
  ops.nativeBatchNorm,
);
export const nativeChannelShuffle: Public<'nativeChannelShuffle', typeof ops.nativeChannelShuffle> = publish(
  'nativeChannelShuffle',
  ops.nativeChannelShuffle,
);
export const nativeGroupNorm: Public<'nativeGroupNorm', typeof ops.nativeGroupNorm> = publish(
  'nativeGroupNorm',
  ops.nativeGroupNorm,
);
export const nativeLayerNorm: Public<'nativeLayerNorm', typeof ops.nativeLayerNorm> = publish(
  'nativeLayerNorm',
  ops.nativeLayerNorm,
);
export const ne: Public<'ne', typeof ops.ne> = publish('ne', ops.ne);
export const neg: Public<'neg', typeof ops.neg> = publish('neg', ops.neg);
export const negative: Public<'negative', typeof ops.negative> = publish('negative', ops.negative);
export const newEmpty: Public<'newEmpty', typeof ops.newEmpty> = publish('newEmpty', ops.newEmpty);
export const newEmptyStrided: Public<'newEmptyStrided', typeof ops.newEmptyStrided> = publish(
  'newEmptyStrided',
  ops.newEmptyStrided,
);
export const newFull: Public<'newFull', typeof ops.newFull> = publish('newFull', ops.newFull);
export const newOnes: Public<'newOnes', typeof ops.newOnes> = publish('newOnes', ops.newOnes);
export const newTensor: Public<'newTensor', typeof ops.newTensor> = publish('newTensor', ops.newTensor);
export const newZeros: Public<'newZeros', typeof ops.newZeros> = publish('newZeros', ops.newZeros);
export const nextafter: Public<'nextafter', typeof ops.nextafter> = publish('nextafter', ops.nextafter);
export const nllLoss: Public<'nllLoss', typeof ops.nllLoss> = publish('nllLoss', ops.nllLoss);
export const nonzero: Public<'nonzero', typeof ops.nonzero> = publish('nonzero', ops.nonzero);
export const nonzeroStatic: Public<'nonzeroStatic', typeof ops.nonzeroStatic> = publish(
  'nonzeroStatic',
  ops.nonzeroStatic,
);
export const norm: Public<'norm', typeof ops.norm> = publish('norm', ops.norm);
export const notEqual: Public<'notEqual', typeof ops.notEqual> = publish('notEqual', ops.notEqual);
export const orgqr: Public<'orgqr', typeof ops.orgqr> = publish('orgqr', ops.orgqr);
export const ormqr: Public<'ormqr', typeof ops.ormqr> = publish('ormqr', ops.ormqr);
export const outer: Public<'outer', typeof ops.outer> = publish('outer', ops.outer);
export const pad: Public<'pad', typeof ops.pad> = publish('pad', ops.pad);
export const pairwiseDistance: Public<'pairwiseDistance', typeof ops.pairwiseDistance> = publish(
  'pairwiseDistance',
  ops.pairwiseDistance,
);
export const pcaLowrank: Public<'pcaLowrank', typeof ops.pcaLowrank> = publish('pcaLowrank', ops.pcaLowrank);
export const pdist: Public<'pdist', typeof ops.pdist> = publish('pdist', ops.pdist);
export const permute: Public<'permute', typeof ops.permute> = publish('permute', ops.permute);
export const pinMemory: Public<'pinMemory', typeof ops.pinMemory> = publish('pinMemory', ops.pinMemory);
export const pinverse: Public<'pinverse', typeof ops.pinverse> = publish('pinverse', ops.pinverse);
export const pixelShuffle: Public<'pixelShuffle', typeof ops.pixelShuffle> = publish('pixelShuffle', ops.pixelShuffle);
export const pixelUnshuffle: Public<'pixelUnshuffle', typeof ops.pixelUnshuffle> = publish(
  'pixelUnshuffle',
  ops.pixelUnshuffle,
);
export const poissonNllLoss: Public<'poissonNllLoss', typeof ops.poissonNllLoss> = publish(
  'poissonNllLoss',
  ops.poissonNllLoss,
);
export const polygamma: Public<'polygamma', typeof ops.polygamma> = publish('polygamma', ops.polygamma);
export const positive: Public<'positive', typeof ops.positive> = publish('positive', ops.positive);
export const pow: Public<'pow', typeof ops.pow> = publish('pow', ops.pow);
export const prelu: Public<'prelu', typeof ops.prelu> = publish('prelu', ops.prelu);
export const prod: Public<'prod', typeof ops.prod> = publish('prod', ops.prod);
export const put: Public<'put', typeof ops.put> = publish('put', ops.put);
export const qr: Public<'qr', typeof ops.qr> = publish('qr', ops.qr);
export const quantile: Public<'quantile', typeof ops.quantile> = publish('quantile', ops.quantile);
export const rad2deg: Public<'rad2deg', typeof ops.rad2deg> = publish('rad2deg', ops.rad2deg);
export const ravel: Public<'ravel', typeof ops.ravel> = publish('ravel', ops.ravel);
export const reciprocal: Public<'reciprocal', typeof ops.reciprocal> = publish('reciprocal', ops.reciprocal);
export const relu: Public<'relu', typeof ops.relu> = publish('relu', ops.relu);
export const relu6: Public<'relu6', typeof ops.relu6> = publish('relu6', ops.relu6);
export const remainder: Public<'remainder', typeof ops.remainder> = publish('remainder', ops.remainder);
export const renorm: Public<'renorm', typeof ops.renorm> = publish('renorm', ops.renorm);
export const repeat: Public<'repeat', typeof ops.repeat> = publish('repeat', ops.repeat);
export const repeatInterleave: Public<'repeatInterleave', typeof ops.repeatInterleave> = publish(
  'repeatInterleave',
  ops.repeatInterleave,
);
export const reshape: Public<'reshape', typeof ops.reshape> = publish('reshape', ops.reshape);
export const reshapeAs: Public<'reshapeAs', typeof ops.reshapeAs> = publish('reshapeAs', ops.reshapeAs);
export const resolveConj: Public<'resolveConj', typeof ops.resolveConj> = publish('resolveConj', ops.resolveConj);
export const resolveNeg: Public<'resolveNeg', typeof ops.resolveNeg> = publish('resolveNeg', ops.resolveNeg);
export const rmsNorm: Public<'rmsNorm', typeof ops.rmsNorm> = publish('rmsNorm', ops.rmsNorm);
export const roll: Public<'roll', typeof ops.roll> = publish('roll', ops.roll);
export const rot90: Public<'rot90', typeof ops.rot90> = publish('rot90', ops.rot90);
export const round: Public<'round', typeof ops.round> = publish('round', ops.round);
export const rowStack: Public<'rowStack', typeof ops.rowStack> = publish('rowStack', ops.rowStack);
export const rrelu: Public<'rrelu', typeof ops.rrelu> = publish('rrelu', ops.rrelu);
export const rsqrt: Public<'rsqrt', typeof ops.rsqrt> = publish('rsqrt', ops.rsqrt);
export const rsub: Public<'rsub', typeof ops.rsub> = publish('rsub', ops.rsub);
export const scaledDotProductAttention: Public<'scaledDotProductAttention', typeof ops.scaledDotProductAttention> =
  publish('scaledDotProductAttention', ops.scaledDotProductAttention);
export const scatter: Public<'scatter', typeof ops.scatter> = publish('scatter', ops.scatter);
export const scatterAdd: Public<'scatterAdd', typeof ops.scatterAdd> = publish('scatterAdd', ops.scatterAdd);
export const scatterReduce: Public<'scatterReduce', typeof ops.scatterReduce> = publish(
  'scatterReduce',
  ops.scatterReduce,
);
export const searchsorted: Public<'searchsorted', typeof ops.searchsorted> = publish('searchsorted', ops.searchsorted);
export const select: Public<'select', typeof ops.select> = publish('select', ops.select);
export const selectScatter: Public<'selectScatter', typeof ops.selectScatter> = publish(
  'selectScatter',
  ops.selectScatter,
);
export const selu: Public<'selu', typeof ops.selu> = publish('selu', ops.selu);
export const sgn: Public<'sgn', typeof ops.sgn> = publish('sgn', ops.sgn);
export const sigmoid: Public<'sigmoid', typeof ops.sigmoid> = publish('sigmoid', ops.sigmoid);
export const sign: Public<'sign', typeof ops.sign> = publish('sign', ops.sign);
export const signbit: Public<'signbit', typeof ops.signbit> = publish('signbit', ops.signbit);
export const silu: Public<'silu', typeof ops.silu> = publish('silu', ops.silu);
export const sin: Public<'sin', typeof ops.sin> = publish('sin', ops.sin);
export const sinc: Public<'sinc', typeof ops.sinc> = publish('sinc', ops.sinc);
export const sinh: Public<'sinh', typeof ops.sinh> = publish('sinh', ops.sinh);
export const sliceScatter: Public<'sliceScatter', typeof ops.sliceScatter> = publish('sliceScatter', ops.sliceScatter);
export const slogdet: Public<'slogdet', typeof ops.slogdet> = publish('slogdet', ops.slogdet);
export const smoothL1Loss: Public<'smoothL1Loss', typeof ops.smoothL1Loss> = publish('smoothL1Loss', ops.smoothL1Loss);
export const softMarginLoss: Public<'softMarginLoss', typeof ops.softMarginLoss> = publish(
  'softMarginLoss',
  ops.softMarginLoss,
);
export const softmax: Public<'softmax', typeof ops.softmax> = publish('softmax', ops.softmax);
export const softplus: Public<'softplus', typeof ops.softplus> = publish('softplus', ops.softplus);
export const softshrink: Public<'softshrink', typeof ops.softshrink> = publish('softshrink', ops.softshrink);
export const softsign: Public<'softsign', typeof ops.softsign> = publish('softsign', ops.softsign);
export const sort: Public<'sort', typeof ops.sort> = publish('sort', ops.sort);
export const split: Public<'split', typeof ops.split> = publish('split', ops.split);
export const splitWithSizes: Public<'splitWithSizes', typeof ops.splitWithSizes> = publish(
  'splitWithSizes',
  ops.splitWithSizes,
);
export const sqrt: Public<'sqrt', typeof ops.sqrt> = publish('sqrt', ops.sqrt);
export const square: Public<'square', typeof ops.square> = publish('square', ops.square);
export const squeeze: Public<'squeeze', typeof ops.squeeze> = publish('squeeze', ops.squeeze);
export const stack: Public<'stack', typeof ops.stack> = publish('stack', ops.stack);
export const std: Public<'std', typeof ops.std> = publish('std', ops.std);
export const stdMean: Public<'stdMean', typeof ops.stdMean> = publish('stdMean', ops.stdMean);
export const sub: Public<'sub', typeof ops.sub> = publish('sub', ops.sub);
export const subtract: Public<'subtract', typeof ops.subtract> = publish('subtract', ops.subtract);
export const sum: Public<'sum', typeof ops.sum> = publish('sum', ops.sum);
export const sumToSize: Public<'sumToSize', typeof ops.sumToSize> = publish('sumToSize', ops.sumToSize);
export const svd: Public<'svd', typeof ops.svd> = publish('svd', ops.svd);
export const svdLowrank: Public<'svdLowrank', typeof ops.svdLowrank> = publish('svdLowrank', ops.svdLowrank);
export const swapaxes: Public<'swapaxes', typeof ops.swapaxes> = publish('swapaxes', ops.swapaxes);
export const swapdims: Public<'swapdims', typeof ops.swapdims> = publish('swapdims', ops.swapdims);
export const t: Public<'t', typeof ops.t> = publish('t', ops.t);
export const take: Public<'take', typeof ops.take> = publish('take', ops.take);
export const takeAlongDim: Public<'takeAlongDim', typeof ops.takeAlongDim> = publish('takeAlongDim', ops.takeAlongDim);
export const tan: Public<'tan', typeof ops.tan> = publish('tan', ops.tan);
export const tanh: Public<'tanh', typeof ops.tanh> = publish('tanh', ops.tanh);
export const tanhshrink: Public<'tanhshrink', typeof ops.tanhshrink> = publish('tanhshrink', ops.tanhshrink);
export const tensorSplit: Public<'tensorSplit', typeof ops.tensorSplit> = publish('tensorSplit', ops.tensorSplit);
export const tensordot: Public<'tensordot', typeof ops.tensordot> = publish('tensordot', ops.tensordot);
export const threshold: Public<'threshold', typeof ops.threshold> = publish('threshold', ops.threshold);
export const tile: Public<'tile', typeof ops.tile> = publish('tile', ops.tile);
export const to: Public<'to', typeof ops.to> = publish('to', ops.to);
export const topk: Public<'topk', typeof ops.topk> = publish('topk', ops.topk);
export const trace: Public<'trace', typeof ops.trace> = publish('trace', ops.trace);
export const transpose: Public<'transpose', typeof ops.transpose> = publish('transpose', ops.transpose);
export const trapezoid: Public<'trapezoid', typeof ops.trapezoid> = publish('trapezoid', ops.trapezoid);
export const trapz: Public<'trapz', typeof ops.trapz> = publish('trapz', ops.trapz);
export const triangularSolve: Public<'triangularSolve', typeof ops.triangularSolve> = publish(
  'triangularSolve',
  ops.triangularSolve,
);
export const tril: Public<'tril', typeof ops.tril> = publish('tril', ops.tril);
export const tripletMarginLoss: Public<'tripletMarginLoss', typeof ops.tripletMarginLoss> = publish(
  'tripletMarginLoss',
  ops.tripletMarginLoss,
);
export const tripletMarginWithDistanceLoss: Public<
  'tripletMarginWithDistanceLoss',
  typeof ops.tripletMarginWithDistanceLoss
> = publish('tripletMarginWithDistanceLoss', ops.tripletMarginWithDistanceLoss);
export const triu: Public<'triu', typeof ops.triu> = publish('triu', ops.triu);
export const trueDivide: Public<'trueDivide', typeof ops.trueDivide> = publish('trueDivide', ops.trueDivide);
export const trunc: Public<'trunc', typeof ops.trunc> = publish('trunc', ops.trunc);
export const type: Public<'type', typeof ops.type> = publish('type', ops.type);
export const typeAs: Public<'typeAs', typeof ops.typeAs> = publish('typeAs', ops.typeAs);
export const unbind: Public<'unbind', typeof ops.unbind> = publish('unbind', ops.unbind);
export const unflatten: Public<'unflatten', typeof ops.unflatten> = publish('unflatten', ops.unflatten);
export const unfold: Public<'unfold', typeof ops.unfold> = publish('unfold', ops.unfold);
export const unravelIndex: Public<'unravelIndex', typeof ops.unravelIndex> = publish('unravelIndex', ops.unravelIndex);
export const unsafeChunk: Public<'unsafeChunk', typeof ops.unsafeChunk> = publish('unsafeChunk', ops.unsafeChunk);
export const unsafeSplit: Public<'unsafeSplit', typeof ops.unsafeSplit> = publish('unsafeSplit', ops.unsafeSplit);
export const unsafeSplitWithSizes: Public<'unsafeSplitWithSizes', typeof ops.unsafeSplitWithSizes> = publish(
  'unsafeSplitWithSizes',
  ops.unsafeSplitWithSizes,
);
export const unsqueeze: Public<'unsqueeze', typeof ops.unsqueeze> = publish('unsqueeze', ops.unsqueeze);
export const vander: Public<'vander', typeof ops.vander> = publish('vander', ops.vander);
const var_: Public<'var', typeof ops.var> = publish('var', ops.var);
export { var_ as var };
export const varMean: Public<'varMean', typeof ops.varMean> = publish('varMean', ops.varMean);
export const vdot: Public<'vdot', typeof ops.vdot> = publish('vdot', ops.vdot);
export const view: Public<'view', typeof ops.view> = publish('view', ops.view);
export const viewAs: Public<'viewAs', typeof ops.viewAs> = publish('viewAs', ops.viewAs);
export const vsplit: Public<'vsplit', typeof ops.vsplit> = publish('vsplit', ops.vsplit);
export const vstack: Public<'vstack', typeof ops.vstack> = publish('vstack', ops.vstack);
export const where: Public<'where', typeof ops.where> = publish('where', ops.where);
export const xlogy: Public<'xlogy', typeof ops.xlogy> = publish('xlogy', ops.xlogy);
export const arange: Public<'arange', typeof create.arange> = publish('arange', create.arange);
export const empty: Public<'empty', typeof create.empty> = publish('empty', create.empty);
export const emptyLike: Public<'emptyLike', typeof create.emptyLike> = publish('emptyLike', create.emptyLike);
export const emptyStrided: Public<'emptyStrided', typeof create.emptyStrided> = publish(
  'emptyStrided',
  create.emptyStrided,
);
export const eye: Public<'eye', typeof create.eye> = publish('eye', create.eye);
export const full: Public<'full', typeof create.full> = publish('full', create.full);
export const fullLike: Public<'fullLike', typeof create.fullLike> = publish('fullLike', create.fullLike);
export const linspace: Public<'linspace', typeof create.linspace> = publish('linspace', create.linspace);
export const logspace: Public<'logspace', typeof create.logspace> = publish('logspace', create.logspace);
export const normal: Public<'normal', typeof create.normal> = publish('normal', create.normal);
export const ones: Public<'ones', typeof create.ones> = publish('ones', create.ones);
export const onesLike: Public<'onesLike', typeof create.onesLike> = publish('onesLike', create.onesLike);
export const rand: Public<'rand', typeof create.rand> = publish('rand', create.rand);
export const randLike: Public<'randLike', typeof create.randLike> = publish('randLike', create.randLike);
export const randint: Public<'randint', typeof create.randint> = publish('randint', create.randint);
export const randintLike: Public<'randintLike', typeof create.randintLike> = publish('randintLike', create.randintLike);
export const randn: Public<'randn', typeof create.randn> = publish('randn', create.randn);
export const randnLike: Public<'randnLike', typeof create.randnLike> = publish('randnLike', create.randnLike);
export const randperm: Public<'randperm', typeof create.randperm> = publish('randperm', create.randperm);
export const scalarTensor: Public<'scalarTensor', typeof create.scalarTensor> = publish(
  'scalarTensor',
  create.scalarTensor,
);
export const zeros: Public<'zeros', typeof create.zeros> = publish('zeros', create.zeros);
export const zerosLike: Public<'zerosLike', typeof create.zerosLike> = publish('zerosLike', create.zerosLike);
export const asarray: Public<'asarray', typeof createOther.asarray> = publish('asarray', createOther.asarray);
export const emptyPermuted: Public<'emptyPermuted', typeof createOther.emptyPermuted> = publish(
  'emptyPermuted',
  createOther.emptyPermuted,
);
export const range: Public<'range', typeof createOther.range> = publish('range', createOther.range);
export const bartlettWindow: Public<'bartlettWindow', typeof windows.bartlettWindow> = publish(
  'bartlettWindow',
  windows.bartlettWindow,
);
export const blackmanWindow: Public<'blackmanWindow', typeof windows.blackmanWindow> = publish(
  'blackmanWindow',
  windows.blackmanWindow,
);
export const hammingWindow: Public<'hammingWindow', typeof windows.hammingWindow> = publish(
  'hammingWindow',
  windows.hammingWindow,
);
export const hannWindow: Public<'hannWindow', typeof windows.hannWindow> = publish('hannWindow', windows.hannWindow);
export const kaiserWindow: Public<'kaiserWindow', typeof windows.kaiserWindow> = publish(
  'kaiserWindow',
  windows.kaiserWindow,
);
export const trilIndices: Public<'trilIndices', typeof windows.trilIndices> = publish(
  'trilIndices',
  windows.trilIndices,
);
export const triuIndices: Public<'triuIndices', typeof windows.triuIndices> = publish(
  'triuIndices',
  windows.triuIndices,
);
export const asTensor: Public<'asTensor', typeof data.asTensor> = publish('asTensor', data.asTensor);
export const fromNumpy: Public<'fromNumpy', typeof data.fromNumpy> = publish('fromNumpy', data.fromNumpy);
export const frombuffer: Public<'frombuffer', typeof data.frombuffer> = publish('frombuffer', data.frombuffer);
export const tensor: Public<'tensor', typeof data.tensor> = publish('tensor', data.tensor);
export const binomial: Public<'binomial', typeof distributions.binomial> = publish('binomial', distributions.binomial);
export const poisson: Public<'poisson', typeof distributions.poisson> = publish('poisson', distributions.poisson);
export const canCast: Public<'canCast', typeof globals.canCast> = publish('canCast', globals.canCast);
export const isFloatingPoint: Public<'isFloatingPoint', typeof globals.isFloatingPoint> = publish(
  'isFloatingPoint',
  globals.isFloatingPoint,
);
export const isInference: Public<'isInference', typeof globals.isInference> = publish(
  'isInference',
  globals.isInference,
);
export const isTensor: Public<'isTensor', typeof globals.isTensor> = publish('isTensor', globals.isTensor);
export const promoteTypes: Public<'promoteTypes', typeof globals.promoteTypes> = publish(
  'promoteTypes',
  globals.promoteTypes,
);
export const real: Public<'real', typeof globals.real> = publish('real', globals.real);
export const resultType: Public<'resultType', typeof globals.resultType> = publish('resultType', globals.resultType);
export const setDefaultDtype: Public<'setDefaultDtype', typeof globals.setDefaultDtype> = publish(
  'setDefaultDtype',
  globals.setDefaultDtype,
);
export const setNumThreads: Public<'setNumThreads', typeof globals.setNumThreads> = publish(
  'setNumThreads',
  globals.setNumThreads,
);
export const bernoulli: Public<'bernoulli', typeof random.bernoulli> = publish('bernoulli', random.bernoulli);
export const multinomial: Public<'multinomial', typeof random.multinomial> = publish('multinomial', random.multinomial);
