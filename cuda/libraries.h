// NVIDIA's libraries, opened by name when they are first wanted: none is needed to load this one. matmul.cu multiplies
// with cuBLAS, conv.cu convolves with cuDNN (cudnn.h); backend.cc lists what there is.
#pragma once
#include <string_view>
#include <vector>

#include "gemm.h"

namespace flambeau::cuda {

/** What was found, in versions and paths, or why not. Opens the libraries that have not been looked for yet. */
std::vector<LibraryInfo> find_libraries();

/** Switches: "allowTf32" lets cuBLAS round float32 to TF32; those of cudnn.h. False if there is no such. */
bool set_library_option(std::string_view name, double value);

/** Multiplies with cuBLAS; false, and nothing done, if it is not there or does not take such operands. */
bool multiply_by_cublas(const Product& p);

}  // namespace flambeau::cuda
