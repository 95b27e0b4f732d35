// Element types and reductions of torch.distributed as MPI has them. Used by engine.cc and collectives.cc.
#pragma once
#include <mpi.h>

#include <cstddef>

#include "../dtype.h"

namespace flambeau::mpi {

/** The order is that of `ops` in lib/distributed/reduce-op.ts. */
enum class Reduction : int { sum, avg, product, min, max, band, bor, bxor };
inline constexpr int kReductions = 8;

/** The MPI type of one element. The halves go as whole numbers of 16 bits, bools as bytes. */
MPI_Datatype type_of(DType dtype);

/** The operations that MPI has not: those of float16 and bfloat16, which compute in float. */
class ReductionTable {
 public:
  /** After MPI_Init. */
  void make();
  /** Before MPI_Finalize. */
  void free();
  /** avg is a sum: divide() comes after it. Throws std::invalid_argument for what makes no sense of a dtype. */
  MPI_Op find(Reduction op, DType dtype) const;

 private:
  // by dtype (float16, bfloat16) and sum, product, min, max
  MPI_Op halves_[2][4] = {};
};

/** Divides floating-point elements by n. */
void divide(void* data, size_t count, DType dtype, int n);

}  // namespace flambeau::mpi
