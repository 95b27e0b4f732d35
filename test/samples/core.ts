// biome-ignore-all format: a table, one row a line
// The samples of the operators that every script is made of. See index.ts.
import { at, index, mask, of, still, t, typed } from '../helpers.ts';
import { type Args, adaptive, along, avgPools, BAD_DIM, binary, casts, COMPARED, convs, either, F, flatly, FLOATS, inf, integers, INTS, loss, MAP, maxPools, method, moves, nan, NO_LISTS, picks, positive, reduce, REDUCED, SPECIAL, transposedConvs, unary, type Samples } from './sample.ts';

export const core = {
  // unary
  exp: unary(), exp2: unary(), expm1: unary(), log: unary(positive), log2: unary(positive), log10: unary(positive), log1p: unary([-0.9, 3]),
  sqrt: unary(positive), rsqrt: unary(positive), sin: unary(), cos: unary(), tan: unary([-1.4, 1.4], { tolerance: 4 }, null), asin: unary([-0.9, 0.9]), acos: unary([-0.9, 0.9]), atan: unary(),
  sinh: unary(), cosh: unary(), asinh: unary(), acosh: unary([1.1, 4]), atanh: unary([-0.9, 0.9]), erf: unary(), erfc: unary(),
  erfinv: unary([-0.9, 0.9], { tolerance: 4 }), lgamma: unary(positive, { tolerance: 4 }, of([nan, inf, 0.5, 1, 2, 30])), digamma: unary(positive, { tolerance: 4 }, { ...of([nan, inf, 0.5, 1, 2, 30]), grad: false }),
  sigmoid: unary(), tanh: unary(), relu: unary([-2, 2], { torch: 'F.relu' }), silu: { ...unary([-2, 2], F('silu')), bad: [[[typed('int64', [2])], /int64/], [[typed('bool', [2])]]] }, i0: unary([-2, 2], { tolerance: 4 }, null),
  neg: unary(), abs: unary(), sign: unary(), sgn: unary(), square: unary(), reciprocal: unary(positive),
  ceil: unary(), floor: unary(), trunc: unary(), frac: unary([-2, 2], { dtypes: FLOATS }), bitwiseNot: unary([-4, 4], { gradient: false, dtypes: [...INTS, 'float32'] }, null),
  logicalNot: unary([-2, 2], flatly), isnan: unary([-2, 2], flatly), isinf: unary([-2, 2], flatly), isfinite: unary([-2, 2], flatly),
  isposinf: unary([-2, 2], flatly), isneginf: unary([-2, 2], flatly), signbit: unary([-2, 2], flatly, of([-0, 0, inf, -inf, -2])),

  // ternary
  clamp: {
    cases: [
      [t([2, 3]), 0, 1], [t([2, 3]), { min: 0 }], [t([2, 3]), { max: 1 }], [t([2, 3]), null, 0.5], [t([2, 3]), 1, -1], [t([2, 3]), t([3]), t([2, 1])], [t([2, 3]), t([3])], [SPECIAL, -1, 1], [still([2, 3]), -1, 1],
      [t([2, 3]), { min: -0.5, max: 0.5 }], [t(), 0, 1], [t([0]), 0, 1],
    ],
    bad: [[[t([2])], /min.*max/], [[t([2]), 'x']], [[t([2]), { low: 1 }], /low/], [[t([2]), t([3])]]],
  },
  clip: { cases: [[t([2, 3]), 0, 1], [t([2, 3]), { min: 0 }]] },
  clampMin: { cases: [[t([2, 3]), 0], [t([2, 3]), t([3])]] },
  clampMax: { cases: [[t([2, 3]), 0], [t([2, 3]), t([3])]] },
  lerp: { cases: [[t([2, 3]), t([2, 3]), 0.25], [t([2, 3]), t([3]), t([2, 3])], [t([2, 3]), t([2, 3]), 0.75], [t(), t(), 0.5]], dtypes: FLOATS, bad: [[[t([2]), t([3]), 0.5]], [[t([2]), 1, 0.5]]] },
  addcmul: { cases: [[t([2, 3]), t([2, 3]), t([2, 3])], [t([2, 3]), t([3]), t([2, 1]), { value: 2 }], [t(), t([3]), t()], [t([2, 3]), t([3]), t([2, 1]), { value: 0.5 }]], bad: [[[t([2]), t([3]), t([2])]], [[t([2]), 2, t([2])]]] },
  addcdiv: { cases: [[t([2, 3]), t([2, 3]), t([2, 3], positive)], [t([2, 3]), t([3]), t([2, 1], positive), { value: 2 }]], dtypes: FLOATS, bad: [[[t([2]), t([3]), t([2])]], [[typed('int64', [2]), typed('int64', [2]), typed('int64', [2])]]] },
  round: { cases: [[t([2, 3])], [t([2, 3]), { decimals: 1 }], [of([0.5, 1.5, 2.5, -0.5, -1.5, nan, inf])], [t()], [of([123.456, -7.5]), { decimals: -1 }]], bad: [[[t([2]), { digits: 1 }]], [[typed('int64', [2]), { decimals: 1 }], /int64/]] },
  nanToNum: { cases: [[t([2, 3])], [SPECIAL], [SPECIAL, 1], [SPECIAL, { nan: 2, posinf: 3, neginf: -3 }]], bad: [[[t([2]), { inf: 1 }]]] },
  gelu: { ...unary([-2, 2], F('gelu')), cases: [[t([2, 3])], [t([2, 3]), { approximate: 'tanh' }], [t([37])], [t()], [t([0])], [of([nan, -inf, 0, -0, 1, -1, 30, -30])]], bad: [[[t([2]), { approximate: 'sigmoid' }], /sigmoid/]] },

  // binary
  add: binary(MAP, MAP, { cases: [...binary().cases, [t([2, 3]), t([3]), { alpha: 2 }], [t([2, 3]), t([3]), { alpha: 0.5 }], [t([2]), true], [2, t([3])], [2.5, typed('int64', [3])], [1, 2], [true, t([2]), { alpha: 2 }]] }),
  sub: binary(MAP, MAP, { cases: [...binary().cases, [t([2, 3]), t([3]), { alpha: 2 }], [2, t([3])]] }),
  subtract: either(MAP, MAP),
  rsub: { cases: [[t([2, 3]), 2], [t([2, 3]), t([3])], [t([2, 3]), t([3]), { alpha: 2 }]] },
  mul: binary(MAP, MAP, { cases: [...binary().cases, [2.5, t([3])], [2, typed('uint8', [3])]] }), multiply: either(MAP, MAP),
  div: binary(MAP, positive, { cases: [...binary(MAP, positive).cases, [t([2, 3]), t([3], [1, 3]), { roundingMode: 'floor' }], [t([2, 3]), t([3], [1, 3]), { roundingMode: 'trunc' }], [of([1, -1, 0]), 0], [1, t([3], positive)], [7, t([3], [1, 3]), { roundingMode: 'floor' }]], bad: [[[t([2]), t([3])]], [[t([2]), 2, { roundingMode: 'up' }], /up/]] }),
  divide: either(MAP, positive), trueDivide: either(MAP, positive),
  floorDivide: either([-6, 6], [1, 3], { gradient: 'refused' }), remainder: either([-6, 6], [1, 3]), fmod: binary([-6, 6], [1, 3]),
  pow: binary(positive, [0, 3], { tolerance: 2, cases: [...binary(positive, [0, 3]).cases, [t([2, 3]), 2], [t([2, 3]), 3], [t([2, 3]), 0], [t([2, 3]), 1], [t([2, 3], positive), 0.5], [t([2, 3], positive), -1], [t([2, 3], positive), -2], [2, t([3], [0, 3])], [1.5, typed('int64', [3], [0, 3])]], bad: [[[typed('int64', [2], [1, 3]), -1], /negative/], [[t([2]), t([3])]]] }),
  maximum: binary(MAP, MAP, {}, []), minimum: binary(MAP, MAP, {}, []), fmax: binary(MAP, MAP, {}, []), fmin: binary(MAP, MAP, {}, []), atan2: binary(MAP, MAP, {}, []), hypot: binary(MAP, MAP, { dtypes: FLOATS }, []),
  copysign: binary(MAP, MAP, { gradient: 'first' }), nextafter: binary(MAP, MAP, { dtypes: ['float32', 'float64'] }, []),
  logaddexp: binary(MAP, MAP, {}, []), logaddexp2: binary(MAP, MAP, {}, []), xlogy: either(MAP, positive), heaviside: { cases: [[t([2, 3]), t([3])], [t([2, 3]), t([2, 3])], [of([0, -1, 1]), of([7])]], dtypes: ['float32', 'float64', 'int64', 'int32', 'bool'], gradient: 'refused', bad: [[[t([2]), 'x']], [[t([2]), typed('int64', [2])], /different dtypes/]] },
  gcd: integers([]), lcm: integers([]), bitwiseAnd: integers(), bitwiseOr: integers(), bitwiseXor: integers(), bitwiseLeftShift: integers(), bitwiseRightShift: integers(),
  eq: binary(MAP, MAP, COMPARED), ne: binary(MAP, MAP, COMPARED), lt: binary(MAP, MAP, COMPARED), le: binary(MAP, MAP, COMPARED), gt: binary(MAP, MAP, COMPARED), ge: binary(MAP, MAP, COMPARED),
  notEqual: binary(MAP, MAP, { ...COMPARED }), less: binary(MAP, MAP, { ...COMPARED }), lessEqual: binary(MAP, MAP, { ...COMPARED }),
  greater: binary(MAP, MAP, { ...COMPARED }), greaterEqual: binary(MAP, MAP, { ...COMPARED }),
  logicalAnd: binary(MAP, MAP, COMPARED, []), logicalOr: binary(MAP, MAP, COMPARED, []), logicalXor: binary(MAP, MAP, COMPARED, []),
  isclose: { cases: [[of([1, 2, 3]), of([1, 2, 4])], [of([1, nan]), of([1 + 1e-7, nan]), { equalNan: true }], [of([1, nan]), of([1.1, nan]), { rtol: 0.2 }], [t([2, 3]), t([3])]], ...flatly, bad: [[[t([2]), 2]], [[t([2]), t([2]), { rtol: -1 }]]] },
  allclose: { cases: [[of([1, 2, 3]), of([1, 2, 3])], [of([1, 2, 3]), of([1, 2, 4])], [of([1, nan]), of([1, nan]), { equalNan: true }], [of([inf, 1]), of([inf, 1])]], ...flatly, bad: [[[t([2]), 2]]] },
  equal: { cases: [[of([1, 2]), of([1, 2])], [of([1, 2]), of([1, 3])], [of([1, 2]), of([1, 2, 3])], [t([0]), t([0])]], ...flatly, bad: [[[t([2]), 2]]] },

  // activations
  leakyRelu: { ...unary(MAP, F('leaky_relu')), cases: [...unary().cases, [t([2, 3]), 0.2], [t([2, 3]), { negativeSlope: 0.5 }]] },
  elu: { ...unary(MAP, F('elu')), cases: [...unary().cases, [t([2, 3]), 0.5]] }, selu: unary(MAP, F('selu')), celu: { ...unary(MAP, F('celu')), cases: [...unary().cases, [t([2, 3]), 0.5]], bad: [[[t([2]), 0]]] },
  threshold: { cases: [[t([2, 3]), 0.5, 7], [SPECIAL, 0, 1], [t(), 0, 1]], torch: 'F.threshold', bad: [[[t([2]), 'x', 1]]] },
  hardtanh: { ...unary(MAP, F('hardtanh')), cases: [...unary().cases, [t([2, 3]), -0.5, 0.7]], bad: [[[typed('uint8', [2])], /uint8/]] }, relu6: unary([-2, 8], F('relu6')),
  softplus: { ...unary(MAP, F('softplus')), cases: [...unary().cases, [t([2, 3]), 2], [t([2, 3]), { beta: 2, threshold: 1 }]] }, softsign: unary(MAP, F('softsign')), hardsigmoid: unary([-4, 4], F('hardsigmoid'), { ...SPECIAL, grad: false }), hardswish: unary([-4, 4], F('hardswish')),
  mish: unary(MAP, F('mish')), logsigmoid: unary(MAP, F('logsigmoid')), tanhshrink: { ...unary(MAP, F('tanhshrink')), bad: [[[typed('bool', [2])], /bool/]] }, softshrink: { ...unary(MAP, F('softshrink')), bad: [[[t([2]), -1], /-1/]] }, hardshrink: unary(MAP, F('hardshrink')),
  prelu: { cases: [[t([2, 3]), t([1])], [t([2, 3]), t([3])], [t([2, 3, 2]), t([3])]], ...F('prelu'), bad: [[[t([2, 3]), t([2])]], [[t([2, 3]), 0.5]]] },
  glu: { cases: [[t([2, 4])], [t([4, 3]), 0], [t([2, 6]), { dim: 1 }]], ...F('glu'), bad: [[[t([2, 3])], /even/], [[t()]]] },
  softmax: { ...along(F('softmax')), cases: [...along().cases, [of([inf, 1, 2]), 0], [of([-inf, 1, 2]), 0], [of([nan, 1]), 0], [t([2, 3]), { dim: 0, dtype: 'float64' }]] },
  logSoftmax: { ...along(F('log_softmax')), cases: [...along().cases, [of([-inf, 1, 2]), 0], [of([100, -100]), 0]] },

  // arrange, join
  flip: moves([[t([2, 3]), 0], [t([2, 3]), [0, 1]], [t([2, 3, 2]), -1, 0], [t([0, 2]), 0]], [[[t([2, 3]), 2]], [[t([2, 3]), 0, 0]]], method('flip')),
  fliplr: moves([[t([2, 3])]], [[[t([2])]]]), flipud: moves([[t([2, 3])], [t([3])]], [[[t()]]]),
  roll: moves([[t([2, 3]), 1], [t([2, 3]), 1, 0], [t([2, 3]), [1, -2], [0, 1]], [t([5]), -7, 0], [t([2, 3]), 2]], [[[t([2, 3]), [1, 2], 0]], [[t([2, 3]), 1, 2]], [[t([2]), 'x']], [[t(), 1, 0], /no dims/]]),
  tril: moves([[t([3, 4])], [t([3, 4]), 1], [t([2, 3, 3]), { diagonal: -1 }], [t([4, 2]), -5]], [[[t([3])]], [[t([3, 3]), 'x']]]),
  triu: moves([[t([3, 4])], [t([3, 4]), 1], [t([2, 3, 3]), { diagonal: -1 }], [t([4, 2]), 5]], [[[t([3])]], [[t([3, 3]), 0.5]]]),
  cat: moves([[[t([2, 3]), t([1, 3])]], [[t([2, 3]), t([2, 2])], 1], [[t([2]), typed('int64', [3])]], [[t([0]), t([2, 3])]], [[t([2, 3]), t([2, 1]), t([2, 2])], -1]], [[[[]], /empty|non-empty/], [[[t([2, 3]), t([2, 2])]], /\[?2/], [[[t([2]), 3]]], [[t([2])]], [[[t([]), t([])]]]]),
  concat: moves([[[t([2, 3]), t([1, 3])]]], [], {}), concatenate: moves([[[t([2, 3]), t([2, 3])], 1]], [], {}),
  stack: moves([[[t([2, 3]), t([2, 3])]], [[t([2]), t([2]), t([2])], 1], [[t(), t()]], [[t([2]), t([2])], { dim: -1 }]], [[[[t([2]), t([3])]]], [[[]]], [[[t([2])], 3]]]),
  hstack: moves([[[t([2]), t([3])]], [[t([2, 1]), t([2, 3])]], [[t(), t([2])]]], [[[[]]]]), vstack: moves([[[t([3]), t([3])]], [[t([2, 3]), t([1, 3])]]], [[[[]]]]),
  repeat: moves([[t([2, 3]), 2, 1], [t([2]), [3, 2]], [t(), 3], [t([2]), 0]], [[[t([2, 3]), 2]], [[t([2]), -1]]], method('repeat')),
  tile: moves([[t([2, 3]), 2], [t([2]), [3, 2]]], [[[t([2]), -1]]], { ...method('tile') }),

  // conv
  conv1d: convs(1), conv2d: convs(2), conv3d: convs(3), convTranspose1d: transposedConvs(1), convTranspose2d: transposedConvs(2), convTranspose3d: transposedConvs(3),

  // convert
  clone: moves([[t([2, 3])], [t()], [t([0])]], [[[t([2]), { memoryFormat: 'best' }]]]), contiguous: moves([[t([2, 3])], [t()]], [], method('contiguous')),
  to: { cases: [[t([2, 3]), 'float64'], [t([2, 3]), 'int64'], [t([2, 3]), { dtype: 'bool' }], [t([2, 3]), 'float32'], [of([nan, inf, 300.7, -1.5]), 'float16'], [t([2]), 'cpu'], [of([1.5, 2.5]), typed('int64', [1])]], torch: 'lambda x, *a, **k: x.to(*[D(i) if isinstance(i, str) and i != "cpu" else i for i in a], **k)', gradient: false, bad: [[[t([2]), 'float128'], /float128/], [[t([2])]], [[t([2]), 5]]] },
  float: casts('float32', 'float'), double: casts('float64', 'double'), half: casts('float16', 'half'), bfloat16: casts('bfloat16', 'bfloat16'), long: casts('int64', 'long'), int: casts('int32', 'int'), short: casts('int16', 'short'), char: casts('int8', 'char'),
  byte: { ...casts('uint8', 'byte'), cases: [[t([2, 3], [0, 5])], [t([0, 2])]] }, bool: casts('bool', 'bool'),
  type: { cases: [[t([2, 3]), 'int32'], [t([2, 3]), 'float64']], torch: 'lambda x, d: x.type(D(d))', gradient: false, bad: [[[t([2]), 'number']]] },
  typeAs: { cases: [[t([2, 3]), typed('int64', [1])], [t([2, 3]), typed('float64', [1])]], ...method('type_as'), gradient: false, bad: [[[t([2]), 'x']]] },
  cpu: { cases: [[t([2, 3])]], ...method('cpu') }, pinMemory: { cases: [], elsewhere: 'without a GPU it throws DeviceError; test/device.test.ts' }, isPinned: { cases: [[t([2])]], ...method('is_pinned'), gradient: false }, getDevice: { cases: [[t([2])]], ...method('get_device'), gradient: false }, cuda: { cases: [], elsewhere: 'without a GPU it throws DeviceError; test/device.test.ts' },
  fill: moves([[t([2, 3]), 3], [t([2, 3]), still()], [t([0]), 1]], [[[t([2]), t([2])]], [[t([2]), 'x']]]),

  // distances
  cosineSimilarity: { cases: [[t([2, 3]), t([2, 3])], [t([2, 3]), t([3])], [t([4, 3]), t([4, 3]), { dim: 0 }], [of([0, 0]), of([1, 2]), 0]], ...F('cosine_similarity'), tolerance: 2, bad: [[[t([2, 3]), t([2, 4])]], [[t([2]), 1]]] },
  pairwiseDistance: { cases: [[t([2, 3]), t([2, 3])], [t([2, 3]), t([3]), 1], [t([2, 3]), t([2, 3]), { p: 3, keepdim: true }]], ...F('pairwise_distance'), tolerance: 2, bad: [[[t([2]), 1]]] },

  // dropout: random, so only what is certain
  dropout: { cases: [[t([2, 3]), { training: false }], [t([2, 3]), 0], [t([2, 3]), 1], [t([0])]], ...F('dropout'), bad: [[[t([2]), 1.5], /1\.5/], [[t([2]), 'x']], [[typed('int64', [2]), 0.5]]] },
  featureDropout: { cases: [[t([2, 3, 2]), { training: false }], [t([2, 3, 2]), 0], [t([2, 3, 2]), 1]], torch: 'lambda x, p=0.5, training=True: F.dropout2d(x.unsqueeze(-1), p, training).squeeze(-1)', dtypes: FLOATS, bad: [[[t([2, 2]), -1]], [[t([2])]]] },

  // extremum, sort
  max: { ...picks(), cases: [...picks().cases, [t([2, 3]), t([3])]] }, min: { ...picks(), cases: [...picks().cases, [t([2, 3]), t([3])]] },
  argmax: picks(flatly), argmin: picks(flatly), median: picks(), nanmedian: picks(),
  mode: { cases: [[of([1, 2, 2, 3, 3, 3])], [of([3, 3, 1, 1], [2, 2]), 0], [t([2, 3]), 1], [of([4, 4, 2]), { keepdim: true }]], bad: [[[t([2]), 1]]] },
  kthvalue: { cases: [[t([5]), 2], [t([2, 3]), 1, 1], [t([4, 3]), 3, { dim: 0, keepdim: true }], [t([40]), 17]], dtypes: FLOATS, bad: [[[t([3]), 4]], [[t([3]), 0]], [[t([3]), 'x']]] },
  sort: { cases: [[t([7])], [t([2, 3])], [t([4, 3]), 0], [t([2, 3]), 1, true], [t([2, 3]), { descending: true }], [of([3, 1, 2, 1, 3, 1]), { stable: true }], [of([nan, 1, inf, -inf, 0, nan]), { stable: true }], [t()], [t([0])], [t([100])]], bad: [[[t([2]), 1]], [[t([2]), { stabel: true }], /stabel/]] },
  argsort: { cases: [[t([7])], [t([4, 3]), 0], [t([2, 3]), 1, true], [of([3, 1, 2, 1, 3, 1]), { stable: true }]], dtypes: ['float32', 'float64'], gradient: false, bad: [[[t([2]), 1]]] },
  msort: { cases: [[t([4, 3])], [t([5])]] },
  topk: { cases: [[t([7]), 3], [t([2, 5]), 2], [t([5, 2]), 2, 0], [t([7]), 3, { largest: false }], [t([7]), 0], [of([1, nan, 3]), 2]], dtypes: ['float32', 'float64'], bad: [[[t([3]), 4], /4/], [[t([3]), 'x']]] },

  // gather, scatter
  gather: { cases: [[t([3, 4]), 0, index([2, 4], 3)], [t([3, 4]), 1, index([3, 2], 4)], [t([3, 4]), -1, index([2, 3], 4)], [t([5]), 0, index([7], 5)], [t(), 0, at([0], [])], [t([3, 4]), 1, index([3, 0], 4)]], bad: [[[t([3]), 0, at([3])], /3/], [[t([3]), 0, t([2])]], [[t([3]), 1, at([0])]], [[t([3]), 0, at([0], [1, 1])]]] },
  takeAlongDim: { cases: [[t([3, 4]), index([3, 1], 4), 1], [t([3, 4]), index([5], 12)], [t([3, 4]), index([1, 4], 3), { dim: 0 }], [t([3, 4]), at([-1, 0, -2], [3, 1]), 1]], bad: [[[t([3]), t([2])]], [[t([3, 4]), index([3], 3), 0]]] },
  scatter: { cases: [[t([3, 4]), 0, at([0, 1, 2, 0], [1, 4]), t([1, 4])], [t([3, 4]), 1, at([0, 3, 1], [3, 1]), 2], [t([3, 4]), 1, at([0, 3, 1], [3, 1]), still([3, 1]), { reduce: 'add' }]], gradient: 'first', bad: [[[t([3]), 0, at([3]), t([1])]], [[t([3]), 0, t([1]), t([1])]], [[t([3]), 0, at([0]), t([1]), { reduce: 'max' }]]] },
  scatterAdd: { cases: [[t([3, 4]), 0, index([2, 4], 3), t([2, 4])], [t([3, 4]), 1, index([3, 6], 4), t([3, 6])], [t([3]), 0, index([9], 3), t([9])]], bad: [[[t([3]), 0, at([3]), t([1])]], [[t([3]), 0, at([0, 1]), t([1])]], [[t([3]), 0, at([0]), 1]]] },
  scatterReduce: { cases: (['sum', 'prod', 'mean', 'amax', 'amin'] as const).flatMap((r): Args[] => [[t([3]), 0, at([0, 1, 0, 2]), t([4]), r], [t([2, 3]), 1, index([2, 4], 3), t([2, 4]), r, { includeSelf: false }]]), gradient: 'first', dtypes: ['float32', 'float64', 'int64', 'uint8'], bad: [[[t([3]), 0, at([0]), t([1]), 'add']], [[t([3]), 0, at([5]), t([1]), 'sum']]] },
  indexSelect: { cases: [[t([3, 4]), 0, at([0, 2, 0])], [t([3, 4]), 1, index([5], 4)], [t([3]), 0, at([])], [t(), 0, at([0])]], bad: [[[t([3]), 0, at([3])], /3/], [[t([3]), 0, at([0], [1, 1])]], [[t([3]), 0, t([2])]]] },
  indexAdd: { cases: [[t([3, 4]), 0, at([0, 2, 0]), t([3, 4])], [t([3, 4]), 1, at([1, 1]), t([3, 2]), { alpha: 2 }], [t([5]), 0, at([4, 4, 0]), t([3])]], bad: [[[t([3]), 0, at([3]), t([1])]], [[t([3]), 0, at([0, 1]), t([1])]]] },
  indexCopy: { cases: [[t([3, 4]), 0, at([0, 2]), t([2, 4])], [t([3, 4]), 1, at([1, 3]), t([3, 2])]], bad: [[[t([3]), 0, at([3]), t([1])]], [[t([3]), 0, at([0, 1]), t([1])]]] },
  indexFill: { cases: [[t([3, 4]), 0, at([0, 2]), 5], [t([3, 4]), 1, at([1]), still()], [t([3, 4]), 0, at([1, 1]), t()]], bad: [[[t([3]), 0, at([3]), 1]], [[t([3]), 0, at([0]), 'x']]] },
  take: { cases: [[t([3, 4]), index([2, 3], 12)], [t([3, 4]), at([-1, 0])], [t([5]), at([], [0])]], bad: [[[t([3]), at([3])], /3/], [[t([3]), t([1])]]] },
  index: {
    cases: [
      [t([3, 4]), 1], [t([3, 4]), '1:3', '...'], [t([3, 4]), '...', -1], [t([3, 4]), null, '::2'], [t([3, 4]), at([0, 2, 2])], [t([3, 4]), ':', at([3, 0])], [t([3, 4]), at([0, 1]), at([2, 3])], [t([3, 4]), mask(3, 4)], [t([3, 4]), mask(3)],
      [t([3, 4]), [0, 2]], [t([2, 3, 4]), at([0, 1]), ':', at([1, 2])], [t([2, 3, 4]), 1, at([0, 2]), '1:3'], [t([3, 4]), index([2, 2], 3)], [t([3, 4]), '-2:'],
    ],
    torch: 'index', bad: [[[t([3]), 3], /3/], [[t([3]), 0, 0]], [[t([3])]], [[t([3]), at([5])]], [[t([3]), '1:2:0']], [[t([3]), t([1])]]],
  },
  indexPut: { cases: [[t([3, 4]), [at([0, 2])], t([2, 4])], [t([3, 4]), ['1:', at([0, 1])], 5], [t([3, 4]), [mask(3, 4)], 1], [t([3]), [at([0, 0, 1])], t([3]), { accumulate: true }]], torch: 'index_put', bad: [[[t([3]), [at([3])], 1]], [[t([3]), [at([0, 1])], t([3])]]] },

  // losses
  mseLoss: loss('mse_loss'), l1Loss: loss('l1_loss'), smoothL1Loss: loss('smooth_l1_loss', [[t([4]), t([4]), { beta: 0.5 }]]), huberLoss: loss('huber_loss', [[t([4]), t([4]), { delta: 0.5 }]]),
  binaryCrossEntropy: { cases: [[t([2, 3], [0.1, 0.9]), t([2, 3], [0.1, 0.9])], [t([3], [0.1, 0.9]), t([3], [0.1, 0.9]), { reduction: 'none', weight: still([3], positive) }], [{ ...of([0, 1, 0, 1]), grad: false }, { ...of([0, 1, 1, 0]), grad: false }]], ...F('binary_cross_entropy'), tolerance: 4, gradient: 'first', bad: [[[t([2], [0.1, 0.9]), t([3])]]] },
  binaryCrossEntropyWithLogits: { cases: [[t([2, 3]), still([2, 3], [0, 1])], [t([3]), still([3], [0, 1]), { reduction: 'sum', posWeight: still([3], positive) }], [of([100, -100, 0]), of([0, 1, 1])]], ...F('binary_cross_entropy_with_logits'), tolerance: 2, bad: [[[t([2]), t([3])]]] },
  klDiv: { cases: [[t([2, 3]), still([2, 3], positive)], [t([2, 3]), still([2, 3], positive), { reduction: 'batchmean' }], [t([2, 3]), still([2, 3]), { reduction: 'sum', logTarget: true }]], ...F('kl_div'), bad: [[[t([2]), t([2]), { reduction: 'x' }]]] },
  nllLoss: { cases: [[t([2, 3]), at([0, 2])], [t([2, 3]), at([0, 2]), { weight: still([3], positive) }], [t([2, 3]), at([0, -100]), { reduction: 'sum' }], [t([2, 3, 2]), at([0, 2, 1, 1], [2, 2]), { reduction: 'none' }], [t([3]), at([1], [])], [t([2, 3]), at([0, 1]), { ignoreIndex: 1 }]], ...F('nll_loss'), bad: [[[t([2, 3]), at([0, 3])], /3/], [[t([2, 3]), at([0])]], [[t([2, 3]), t([2])]]] },
  crossEntropy: {
    cases: [
      [t([2, 3]), at([0, 2])], [t([2, 3]), still([2, 3], [0, 1])], [t([2, 3]), at([0, 2]), { weight: still([3], positive), labelSmoothing: 0.1 }], [t([2, 3]), at([0, -100]), { reduction: 'none' }], [t([2, 3, 2]), at([0, 2, 1, 1], [2, 2]), { reduction: 'sum', labelSmoothing: 0.2 }],
      [t([3]), at([1], [])], [t([5, 40]), index([5], 40)], [of([1000, -1000, 0], [1, 3]), at([1])],
    ],
    ...F('cross_entropy'), tolerance: 2, bad: [[[t([2, 3]), at([0, 3])], /3/], [[t([2, 3]), at([0])]], [[t([2, 3]), at([0, 1]), { labelSmoothing: 2 }]]],
  },

  // masks
  where: { cases: [[mask(2, 3), t([2, 3]), t([2, 3])], [mask(3), t([2, 1]), t([3])], [mask(2, 3), t([3]), 1], [mask(2, 3), 0, t([3])], [mask(2, 3)], [mask(), t(), t([2])]], bad: [[[mask(2), t([3]), t([2])]], [[mask(2), 'x', t([2])]]] },
  maskedFill: { cases: [[t([2, 3]), mask(2, 3), 5], [t([2, 3]), mask(3), still()], [t([3]), mask(2, 3), 0]], bad: [[[t([2]), mask(3), 1]], [[t([2]), t([2]), 1], /bool/], [[t([2]), typed('uint8', [2]), 1], /uint8/], [[t([2]), mask(2), t([2])]]] },
  maskedSelect: { cases: [[t([2, 3]), mask(2, 3)], [t([2, 3]), mask(3)], [t([3]), mask(2, 1)]], bad: [[[t([2]), mask(3)]], [[t([2]), t([2])]]] },
  maskedScatter: { cases: [[t([2, 3]), mask(2, 3), t([6])], [t([2, 3]), mask(3), t([2, 3])]], bad: [[[t([2]), t([2]), t([2])]], [[t([2]), of([1, 1]), t([1])]]] },
  nonzero: { cases: [[of([0, 1, 0, 2, 3, 0], [2, 3])], [mask(2, 3)], [of([0, 1, 2]), { asTuple: true }], [t()], [t([0, 2])]], ...flatly, bad: [[[t([2]), { tuple: true }]]] },

  // matmul
  mm: { cases: [[t([2, 3]), t([3, 4])], [t([7, 9]), t([9, 17])], [t([2, 0]), t([0, 3])], [t([20, 33]), t([33, 18])]], tolerance: 8, bad: [[[t([2, 3]), t([4, 2])], /\[?2.*3.*4.*2/], [[t([2]), t([2, 2])]], [[t([2, 3]), 2]]] },
  bmm: { cases: [[t([2, 2, 3]), t([2, 3, 4])], [t([3, 1, 5]), t([3, 5, 1])], [t([0, 2, 3]), t([0, 3, 4])]], tolerance: 4, bad: [[[t([2, 2, 3]), t([3, 3, 4])]], [[t([2, 3]), t([3, 2])]]] },
  mv: { cases: [[t([2, 3]), t([3])], [t([17, 40]), t([40])], [t([2, 0]), t([0])]], tolerance: 4, bad: [[[t([2, 3]), t([2])]], [[t([3]), t([3])]]] },
  dot: { cases: [[t([3]), t([3])], [t([100]), t([100])], [t([0]), t([0])]], tolerance: 8, bad: [[[t([3]), t([4])]], [[t([2, 2]), t([2])]]] },
  vdot: { cases: [[t([3]), t([3])]], bad: [[[t([3]), t([4])]]] },
  inner: { cases: [[t([3]), t([3])], [t([2, 3]), t([4, 3])], [t([2, 3]), t()]], tolerance: 2, bad: [[[t([2, 3]), t([2, 4])]]] },
  outer: { cases: [[t([2]), t([3])], [t([0]), t([3])]], bad: [[[t([2, 2]), t([3])]]] },
  matmul: { cases: [[t([3]), t([3])], [t([2, 3]), t([3])], [t([3]), t([3, 2])], [t([2, 3]), t([3, 2])], [t([2, 1, 2, 3]), t([2, 3, 2])], [t([2, 2, 3]), t([3])], [t([3]), t([2, 3, 2])], [t([2, 4, 3]), t([3, 2])], [t([2, 3]), t([4, 3, 2])], [t([2, 2, 0]), t([0, 3])]], tolerance: 4, bad: [[[t([2, 3]), t([2, 3])], /2.*3.*2.*3/], [[t(), t([2])]], [[t([2]), 2]]] },
  addmm: { cases: [[t([4]), t([2, 3]), t([3, 4])], [t([2, 4]), t([2, 3]), t([3, 4]), { beta: 0.5, alpha: 2 }], [t(), t([2, 3]), t([3, 2]), { beta: 2 }]], tolerance: 4, dtypes: FLOATS, bad: [[[t([4]), t([2, 3]), t([4, 4])]], [[t([3]), t([2, 3]), t([3, 4])]], [[t([4]), t([2, 3]), t([3, 4]), { gamma: 1 }]]] },
  addmv: { cases: [[t([2]), t([2, 3]), t([3])], [t([2]), t([2, 3]), t([3]), { beta: 0.5, alpha: 2 }], [typed('int64', [2]), typed('int64', [2, 3]), typed('int64', [3]), { beta: 0.5, alpha: 2.5 }]], tolerance: 4, dtypes: FLOATS, bad: [[[t([2]), t([2, 3]), t([2])]]] },
  baddbmm: { cases: [[t([2, 2, 4]), t([2, 2, 3]), t([2, 3, 4])], [t([4]), t([2, 2, 3]), t([2, 3, 4]), { beta: 0.5, alpha: 2 }]], tolerance: 4, dtypes: FLOATS, bad: [[[t([2]), t([2, 2, 3]), t([2, 3, 4])]]] },
  addbmm: { cases: [[typed('int32', [2, 4]), typed('int32', [2, 2, 3]), typed('int32', [2, 3, 4])], [t([2, 4]), t([2, 2, 3]), t([2, 3, 4])], [t([2, 4]), t([2, 2, 3]), t([2, 3, 4]), { beta: 0.5, alpha: 2 }]], tolerance: 4, dtypes: FLOATS, bad: [[[t([2, 4]), t([2, 3]), t([3, 4])]]] },
  addr: { cases: [[t([2, 3]), t([2]), t([3])], [t([2, 3]), t([2]), t([3]), { beta: 0.5, alpha: 2 }]], dtypes: FLOATS, bad: [[[t([2, 3]), t([3]), t([3])]]] },
  linear: { cases: [[t([2, 3]), t([4, 3]), t([4])], [t([2, 3]), t([4, 3])], [t([3]), t([4, 3]), t([4])], [t([2, 2, 3]), t([4, 3]), t([4])], [t([0, 3]), t([4, 3])]], ...F('linear'), tolerance: 4, bad: [[[t([2, 3]), t([4, 2])], /3/], [[t([2, 3]), t([4, 3]), t([3])]]] },
  einsum: { cases: [['ij,jk->ik', t([2, 3]), t([3, 4])], ['bij,bjk->bik', t([2, 2, 3]), t([2, 3, 2])], ['ii->i', t([3, 3])], ['ij->ji', t([2, 3])], ['i,j->ij', t([2]), t([3])], ['ij->', t([2, 3])], ['...i,...i->...', t([2, 3]), t([2, 3])], ['ii', t([3, 3])], ['ij,jk', t([2, 3]), t([3, 2])]], tolerance: 4, bad: [[['ij,jk->ik', t([2, 3]), t([4, 4])]], [['ij->k', t([2, 3])]], [['i', t([2, 3])]]] },

  // new
  newZeros: { cases: [[t([2]), 2, 3], [t([2]), [2, 0]], [t([2]), [2], { dtype: 'int64' }]], ...method('new_zeros'), ...flatly, bad: [[[t([2]), -1]]] }, newOnes: { cases: [[t([2]), 2, 3], [t([2]), [2]]], ...method('new_ones'), ...flatly, bad: [[[t([2]), 'x']]] },
  newEmpty: { cases: [[t([2]), [0, 3]]], ...method('new_empty'), ...flatly, bad: [[[t([2]), -1]]] }, newFull: { cases: [[t([2]), [2, 2], 3]], ...method('new_full'), ...flatly, bad: [[[t([2]), [2], 'x']]] },
  newTensor: { cases: [[t([2]), [1, 2, 3]], [t([2]), 5]], ...method('new_tensor'), ...flatly, bad: [[[t([2]), 'x']]] },

  // norm
  batchNorm: { cases: [[t([3, 2]), t([2]), t([2]), still([2]), still([2], positive), false, 0.1, 1e-5], [t([3, 2, 2]), t([2]), t([2]), null, null, true, 0.1, 1e-5], [t([2, 2, 2, 2]), null, null, null, null, true, 0.1, 1e-3]], torch: 'lambda x, w, b, m, v, train, momentum, eps: F.batch_norm(x, m, v, w, b, train, momentum, eps)', dtypes: ['float32', 'float64'], tolerance: 8, bad: [[[t([3, 2]), t([3]), null, null, null, true, 0.1, 1e-5], /3/], [[t([2]), null, null, null, null, true, 0.1, 1e-5]], [[t([1, 2]), null, null, null, null, true, 0.1, 1e-5]]] },
  layerNorm: { cases: [[t([2, 3]), [3], t([3]), t([3])], [t([2, 3, 2]), [3, 2]], [t([2, 3]), [3], { eps: 0.1 }], [t([3, 40]), [40], t([40])]], ...F('layer_norm'), tolerance: 8, bad: [[[t([2, 3]), [2]], /2/], [[t([2, 3]), []]], [[t([2, 3]), [3], t([2])]]] },
  groupNorm: { cases: [[t([2, 4]), 2, t([4]), t([4])], [t([2, 4, 3]), 2], [t([2, 6, 2, 2]), 3, t([6]), { eps: 0.1 }]], ...F('group_norm'), tolerance: 8, bad: [[[t([2, 3]), 2]], [[t([3]), 1]]] },

  // pad, pool
  pad: { cases: [[t([2, 3]), [1, 2]], [t([2, 3]), [1, 0, 0, 2], { value: 7 }], [t([1, 2, 4]), [2, 1], 'reflect'], [t([1, 2, 4]), [2, 1], { mode: 'replicate' }], [t([1, 2, 4]), [2, 1], 'circular'], [t([1, 1, 3, 4]), [1, 2, 1, 0], 'reflect'], [t([2, 3]), [-1, 1]], [t([1, 1, 3, 4]), [-1, 1, -2, 1], 'circular']], ...F('pad'), dtypes: ['float32', 'float64', 'int64'], bad: [[[t([2]), [1]]], [[t([2, 3]), [1, 1], 'mirror'], /mirror/], [[t([1, 2, 3]), [3, 0], 'reflect']], [[t([2]), [1, 1, 1, 1]]]] },
  maxPool1d: maxPools(1), maxPool1dWithIndices: { ...maxPools(1, true), gradient: false }, maxPool2d: maxPools(2), maxPool2dWithIndices: maxPools(2, true), maxPool3d: maxPools(3), maxPool3dWithIndices: maxPools(3, true), avgPool1d: avgPools(1), avgPool2d: avgPools(2), avgPool3d: avgPools(3),
  adaptiveAvgPool1d: adaptive(1, 'adaptive_avg_pool1d'), adaptiveAvgPool2d: adaptive(2, 'adaptive_avg_pool2d'), adaptiveAvgPool3d: adaptive(3, 'adaptive_avg_pool3d'),
  adaptiveMaxPool1d: adaptive(1, 'adaptive_max_pool1d', true), adaptiveMaxPool2d: adaptive(2, 'adaptive_max_pool2d', true), adaptiveMaxPool3d: adaptive(3, 'adaptive_max_pool3d', true),

  // reductions
  sum: reduce({ cases: [...REDUCED, [t([2, 3]), { dtype: 'float64' }], [t([2, 3]), { dim: 0, dtype: 'int64' }], [SPECIAL]] }), nansum: reduce({ cases: [...REDUCED, [of([1, nan, 2])]] }), mean: reduce({ cases: [...REDUCED, [t([2, 3]), { dtype: 'float64' }]], bad: [...BAD_DIM, [[typed('int64', [2])], /float/]] }),
  nanmean: reduce({ cases: [...REDUCED, [of([1, nan, 2])]] }), prod: reduce({ cases: [...NO_LISTS, [of([0, 2, 3])], [of([0, 0, 3])]] }), amax: reduce({ cases: [...REDUCED, [of([1, nan, 3])], [of([3, 1, 3])]] }), amin: reduce({ cases: [...REDUCED, [of([1, nan, 3])]] }),
  aminmax: { cases: [[t([2, 3])], [t([3, 4]), { dim: 1 }], [t([3, 4]), { dim: 0, keepdim: true }]], bad: [[[t([2]), { dim: 1 }]], [[t([0])]]] },
  all: reduce(flatly), any: reduce(flatly), countNonzero: { cases: [[t([2, 3])], [t([2, 3]), 1], [t([2, 3, 2]), [0, 2]], [t([0])], [t([2, 3]), { dim: -1 }]], ...flatly, bad: [[[t([2]), 1]], [[t([2]), { dims: 0 }]]] },
  logsumexp: { cases: [[t([2, 3]), 1], [t([2, 3]), [0, 1]], [t([2, 3]), 0, true], [of([inf, 1]), 0], [of([-inf, -inf]), 0], [t(), 0], [t([0, 2]), 0]], bad: [[[t([2]), 1]]] },
  norm: { cases: [[t([2, 3])], [t([2, 3]), 1], [t([2, 3]), 2, 1], [t([2, 3]), { p: 3, dim: 0, keepdim: true }], [t([2, 3]), inf], [t([2, 3]), -inf, 1], [t([2, 3]), 0, 1], [t([2, 3]), 'fro'], [t()], [t([0])]], dtypes: FLOATS, tolerance: 2, bad: [[[t([2]), 2, 1]], [[t([2]), 'nuc']]] },
  var: { cases: [[t([2, 3])], [t([3, 4]), 1], [t([3, 4]), { dim: 0, correction: 0 }], [t([3, 4]), { dim: [0, 1], keepdim: true }], [of([3])], [t([3, 40]), 1], [t([0])]], tolerance: 4, bad: [[[t([2]), 1]], [[typed('int64', [2])]]] },
  std: { cases: [[t([2, 3])], [t([3, 4]), 1], [t([3, 4]), { dim: 0, correction: 0 }], [t([3, 4]), { dim: [0, 1], keepdim: true }], [of([3])]], tolerance: 4, bad: [[[t([2]), 1]], [[typed('int64', [2])]]] },
  varMean: { cases: [[t([2, 3])], [t([3, 4]), 1], [t([3, 4]), { dim: 0, correction: 0 }]], tolerance: 4, bad: [[[t([2]), 1]]] }, stdMean: { cases: [[t([2, 3])], [t([3, 4]), 1], [t([3, 4]), { dim: 0, correction: 0 }]], tolerance: 4, bad: [[[t([2]), 1]]] },
  sumToSize: { cases: [[t([2, 3]), 1, 3], [t([2, 3]), [3]], [t([2, 3]), [2, 3]], [t([2, 3]), 2, 1]], ...method('sum_to_size'), bad: [[[t([2, 3]), 2]]] },

  // scans
  cumsum: along({ cases: [...along().cases, [t([2, 3]), 1, { dtype: 'float64' }]] }), cumprod: along({ cases: [...along().cases, [of([2, 0, 3, 0]), 0]] }), cummax: along({ cases: [...along().cases, [of([1, 3, 3, nan, 2]), 0]] }), cummin: along({ cases: [...along().cases, [of([3, 1, 1, nan, 2]), 0]] }), logcumsumexp: along({ dtypes: FLOATS, cases: [...along().cases, [of([-inf, 1, inf]), 0]] }),
  diff: { cases: [[t([5])], [t([3]), { n: 0, prepend: t([1]) }], [t([2, 4]), 2], [t([3, 4]), 1, 0], [t([3]), { prepend: t([1]), append: t([2]) }], [t([2, 1])]], bad: [[[t()]], [[t([2]), -1]]] },

  // views
  asStrided: moves([[t([6]), [2, 2], [3, 1]], [t([6]), [2, 2], [1, 1], 1], [t([3, 4]), [2], [5], 2]], [[[t([4]), [3, 3], [3, 1]]], [[t([4]), [2], [1, 1]]]], { layouts: false }),
  view: moves([[t([2, 3]), 3, 2], [t([2, 3]), [-1]], [t([2, 3]), 1, -1, 2], [t(), 1], [t([0, 3]), [3, 0]]], [[[t([2, 3]), 4]], [[t([2, 3]), -1, -1]], [[t([2, 3]), -2, 3]]], { ...method('view'), layouts: false }),
  viewAs: moves([[t([2, 3]), typed('float32', [3, 2])]], [[[t([2, 3]), t([5])]]], { ...method('view_as'), layouts: false }),
  reshape: moves([[t([2, 3]), 3, 2], [t([2, 3]), [-1]], [t([2, 3]), 6], [t([0, 3]), [0, 5]]], [[[t([2, 3]), 4]], [[t([2, 3]), -1, -1]]], method('reshape')), reshapeAs: moves([[t([2, 3]), typed('float32', [3, 2])]], [[[t([2, 3]), t([5])]]], { ...method('reshape_as') }),
  flatten: moves([[t([2, 3])], [t([2, 3, 2]), 1], [t([2, 3, 2]), 0, 1], [t()], [t([2, 3, 2]), { startDim: -2 }]], [[[t([2, 3]), 2]], [[t([2, 3]), 1, 0]]]), ravel: moves([[t([2, 3])], [t()]], [], {}),
  unflatten: moves([[t([2, 6]), 1, [2, 3]], [t([6]), 0, [-1, 2]]], [[[t([6]), 0, [4, 2]]], [[t([6]), 1, [6]]]]),
  squeeze: moves([[t([1, 3, 1])], [t([1, 3]), 0], [t([1, 3]), 1], [t([1, 3, 1]), [0, 2]], [t()]], [[[t([1]), 1]]]), unsqueeze: moves([[t([2, 3]), 0], [t([2]), -1], [t(), 0]], [[[t([2]), 2]], [[t([2]), 'x']]]),
  transpose: moves([[t([2, 3]), 0, 1], [t([2, 3, 4]), -1, 0], [t(), 0, 0]], [[[t([2, 3]), 0, 2]]]), swapaxes: moves([[t([2, 3]), 0, 1]], [], {}), swapdims: moves([[t([2, 3]), 0, 1]], [], {}), t: moves([[t([2, 3])], [t([3])], [t()]], [[[t([2, 2, 2])]]]),
  permute: moves([[t([2, 3, 4]), 2, 0, 1], [t([2, 3]), [1, 0]], [t([2, 3]), -1, 0]], [[[t([2, 3]), 0, 0]], [[t([2, 3]), 0]]], method('permute')), movedim: moves([[t([2, 3, 4]), 0, 2], [t([2, 3, 4]), [0, 1], [1, 2]]], [[[t([2, 3]), 0, 2]], [[t([2, 3]), [0, 0], [0, 1]]]]), moveaxis: moves([[t([2, 3, 4]), 0, -1]], [], {}),
  expand: moves([[t([1, 3]), 2, 3], [t([3]), [2, -1]], [t(), 2], [t([1]), 0]], [[[t([2, 3]), 3, 3]], [[t([2, 3]), 3]], [[t([3]), -1, 3]]], method('expand')), expandAs: moves([[t([1, 3]), still([2, 3])]], [[[t([2]), t([3])]]], { ...method('expand_as') }), broadcastTo: moves([[t([1, 3]), [2, 3]]], [[[t([2]), [3]]]], {}),
  narrow: moves([[t([4, 3]), 0, 1, 2], [t([4, 3]), -1, -2, 2], [t([4]), 0, 4, 0]], [[[t([3]), 0, 2, 2]], [[t([3]), 0, 0, -1]], [[t([3]), 1, 0, 1]]]), select: moves([[t([2, 3]), 0, 1], [t([2, 3]), 1, -1], [t([3]), 0, 0]], [[[t([3]), 0, 3], /3/], [[t(), 0, 0]]]),
  slice: { ...moves([[t([5, 2]), 0, 1, 4], [t([5]), 0, -3, null, 2], [t([5, 2]), 1, 1], [t([5]), 0, 3, 1], [t([5]), 0, 0, 99]], [[[t([5]), 0, 0, 5, 0]], [[t([5]), 1]]]), torch: 'lambda x, d=0, s=None, e=None, st=1: x[(slice(None),) * (d % max(x.ndim, 1)) + (slice(s, e, st),)]' },
  split: moves([[t([5, 2]), 2], [t([5]), [2, 3]], [t([2, 4]), 3, 1], [t([0]), 2]], [[[t([5]), [2, 2]]], [[t([5]), -1]], [[t([5]), 2, 1]]]), splitWithSizes: moves([[t([5]), [2, 3]], [t([2, 4]), [1, 3], 1]], [[[t([5]), [2, 2]]]], {}), chunk: moves([[t([5]), 2], [t([2, 7]), 3, 1], [t([2]), 5]], [[[t([5]), 0]], [[t(), 1]]]),
  tensorSplit: moves([[t([5]), 2], [t([5]), [1, 3]], [t([5]), at([1, 3])], [t([2, 7]), 3, 1]], [[[t([5]), 0]], [[t(), 1]]]), unbind: moves([[t([2, 3])], [t([2, 3]), 1], [t([0, 2])]], [[[t([2]), 1]], [[t()]]]),
  diagonal: moves([[t([3, 4])], [t([3, 4]), 1], [t([3, 4]), -1], [t([2, 3, 4]), { dim1: 1, dim2: 2 }]], [[[t([3])]], [[t([3, 3]), 0, 1, 1]]]), unfold: moves([[t([7]), 0, 3, 2], [t([2, 5]), 1, 2, 1], [t([5]), 0, 5, 1]], [[[t([3]), 0, 4, 1]], [[t([3]), 0, 2, 0]]], method('unfold')),

  backward: { cases: [], elsewhere: 'test/autograd.test.ts' },
} satisfies Samples;
