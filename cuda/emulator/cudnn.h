// Stand-in for the graphs of cuDNN 9 that are one convolution, with its names and numbers. Callers need none of its
// headers: they take the functions by name, as from the real library.
#pragma once

namespace flambeau::emulator {

/** A function of cuDNN's by its name, or null. */
void* emulator_cudnn(const char* name);

}  // namespace flambeau::emulator

using flambeau::emulator::emulator_cudnn;
