// Convolutions by cuDNN, which is opened by name when the first one comes. Called by conv.cu, which computes itself
// what cuDNN does not take, and all where it is not there or switched off.
#pragma once
#include <string_view>

#include "device.h"

namespace flambeau::cuda {

/** Which of its three operands a convolution computes from the two others. */
enum class ConvResult { Output, Input, Weight };

/** y [N,O,*os] of x [N,C,*is] and w [O,C/groups,*ks], in 1 to 3 spatial dims; a bias [channels of the result] or none.
 */
struct Convolution {
  ConvResult result;
  Operand x, w, y, bias;
  int groups;
  int stride[3], pad[3], dilation[3];  // of the spatial dims that there are
};

/** Convolves; false, and nothing done, if cuDNN is not there, is switched off or does not take such operands. */
bool convolve_by_cudnn(const Convolution& c);

/**
 * Switches: "cudnnEnabled" (on at first), "cudnnBenchmark" (algorithms are timed, not guessed), "cudnnDeterministic"
 * (only those that add in a fixed order), "cudnnAllowTf32" (float32 may be rounded to TF32; on at first, as in
 * PyTorch). False if there is no such.
 */
bool set_cudnn_option(std::string_view name, bool value);

/** Gives the memory back that is kept for the next convolutions. */
void drop_cudnn_memory();

/** Its version and path, or why it is not there. */
LibraryInfo cudnn_info();

}  // namespace flambeau::cuda
