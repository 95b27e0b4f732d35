// The kernel files: each registers its kernels by the CPU's names (native/cpu). Called by backend.cc.
#pragma once
#include "../native/backend.h"

namespace flambeau::cuda {

// clang-format off
#define FB_CUDA_FILES(F) \
  F(unary) F(binary) F(compare) F(ternary) F(copy) F(index) \
  F(masks) F(scatter) F(search) F(random) F(sampling) F(reduce) \
  F(reduce_stats) F(reduce_index) F(scan) F(special) F(matmul) F(conv) \
  F(softmax) F(layer_norm) F(batch_norm) F(loss) F(ctc_loss) F(lists) \
  F(optim) F(optim_rules) F(linalg_solve) F(linalg_qr) F(linalg_ldl) F(linalg_eig) \
  F(draws) F(sort) F(cross_entropy) F(pool) F(max_pool) F(attention) \
  F(rnn) F(resample) F(grid_sample)
// clang-format on

#define FB_DECLARE(file) void register_##file(KernelTable& table);
FB_CUDA_FILES(FB_DECLARE)
#undef FB_DECLARE

}  // namespace flambeau::cuda
