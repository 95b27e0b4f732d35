// Which level of x86-64 each kernel file is compiled up to: F(file, level) registers kernels, H(file, level) only helps
// the others, L(file, level) helps them too and has no copy compiled for size: those do without it (FB_SMALL). Read by
// cpu.cc, and by native/levels.mjs for the builds: one entry a line.
//
// Every file is compiled for the lowest level of the build, and again for each higher one up to its own; a processor
// runs the highest copy that it can. What computes for its living goes to 4; what waits for memory, for branches or for
// the random generator stays at 3 or 2. A file calls only files of its level or above: else the addon does not load.
#pragma once

// clang-format off
#define FB_FILES(F, H, L) \
  F(attention, 4) \
  F(batch_norm, 3) \
  F(binary, 3) \
  F(compare, 3) \
  F(conv, 4) \
  H(conv_layout, 4) \
  H(conv_naive, 4) \
  L(conv_panel, 4) \
  L(conv_panel_weight, 4) \
  L(conv_patches, 4) \
  H(conv_pixel, 4) \
  H(conv_pixel_weight, 4) \
  L(conv_row, 4) \
  L(conv_row_weight, 4) \
  L(conv_winograd, 4) \
  L(conv_winograd_weight, 4) \
  F(copy, 3) \
  F(ctc_loss, 3) \
  F(draws, 3) \
  H(gemm, 4) \
  F(grid_sample, 3) \
  F(index, 3) \
  F(layer_norm, 3) \
  F(linalg_eigh, 3) \
  F(linalg_ldl, 3) \
  F(linalg_qr, 3) \
  F(linalg_solve, 3) \
  F(linalg_svd, 3) \
  F(lists, 3) \
  F(loss, 3) \
  F(matmul, 4) \
  F(max_pool, 3) \
  F(optim, 3) \
  F(optim_rules, 3) \
  F(pool, 3) \
  F(random, 3) \
  F(reduce, 3) \
  H(reduce_driver, 3) \
  H(reduce_index, 3) \
  F(resample, 3) \
  F(rnn, 4) \
  F(sampling, 3) \
  F(scan, 3) \
  F(scatter, 3) \
  F(search, 2) \
  F(softmax, 3) \
  F(sort, 2) \
  F(special, 3) \
  F(ternary, 3) \
  F(unary, 3) \
  H(widen, 3)
// clang-format on
