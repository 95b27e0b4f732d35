// Stand-in for the part of NCCL that a tensor library calls, with its names and numbers: the ranks are processes of one
// machine, which meet in shared memory. Callers need no header of NCCL's: they take the functions by name.
#pragma once

namespace flambeau::emulator {

/** A function of NCCL's by its name, or null. */
void* emulator_nccl(const char* name);

}  // namespace flambeau::emulator

using flambeau::emulator::emulator_nccl;
