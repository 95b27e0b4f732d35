// The kernels of this instruction set, file by file. Called by cpu.cc.
#include "../backend.h"
#include "isa.h"

namespace flambeau::FB_ISA {

// clang-format off
#define FB_FILES(F)                                                                                  \
  F(resample) F(grid_sample) F(special)                                                                       \
  F(unary) F(binary) F(compare) F(ternary) F(copy) F(reduce) F(scan) F(sort) F(index) F(scatter) F(search) \
  F(matmul) F(conv) F(pool) F(max_pool) F(rnn) F(batch_norm) F(layer_norm) F(softmax) F(loss) F(ctc_loss)   \
  F(linalg_solve) F(linalg_qr) F(linalg_eigh) F(linalg_svd) F(linalg_ldl)                                         \
  F(attention) F(random) F(sampling) F(draws) F(optim) F(optim_rules) F(lists)
// clang-format on

#define FB_DECLARE(file) void register_##file(KernelTable& table);
FB_FILES(FB_DECLARE)
#undef FB_DECLARE

void register_all(KernelTable& table) {
#define FB_CALL(file) register_##file(table);
  FB_FILES(FB_CALL)
#undef FB_CALL
}

}  // namespace flambeau::FB_ISA
