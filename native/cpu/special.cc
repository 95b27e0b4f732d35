// Element-wise kernels of torch.special: the rows of ../special.h. Registered by cpu.cc.
#include "../special.h"

#include "../backend.h"
#include "rows.h"

namespace flambeau::FB_ISA {
namespace {

FB_SPECIAL_UNARY_ROWS(FB_ROW1)
FB_SPECIAL_BINARY_ROWS(FB_ROW2)

}  // namespace

void register_special(KernelTable& table) {
  // all are map plans over (out, x) or (out, a, b) of one floating dtype
#define ADD1(name, ...) table.add(#name, same_dtype_kernel<name##Row, kSpans1<name##Row>, 2>);
#define ADD2(name, ...) table.add(#name, same_dtype_kernel<name##Row, kSpans2<name##Row>, 3>);
  FB_SPECIAL_UNARY_ROWS(ADD1)
  FB_SPECIAL_BINARY_ROWS(ADD2)
#undef ADD1
#undef ADD2
}

}  // namespace flambeau::FB_ISA
