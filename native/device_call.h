// What few ask of a device's library, by name: work between processes (cuda/nccl.h). Beside device.h, which all kernels
// are built on, as an entry of its own.
#pragma once
#include <span>
#include <string>

#include "device.h"

namespace flambeau {

/** A part of a storage of a GPU, and where the storage begins. */
struct Memory {
  std::byte *block, *data;
  size_t bytes;
  int device;  // -1: the host
};

/** Finds what a caller names by handle, offset and bytes; throws PlanError if that is not there. */
using MemoryFinder = Memory (*)(void* instance, const double* triple);

/**
 * Does what `what` says, a name and, behind a line's end, a text. What comes of it is written over the numbers: gives
 * how many. `memory` is triples for the finder. Throws PlanError if there is no function of that name.
 */
using DeviceCall = double (*)(const std::string& what, std::span<double> numbers, std::span<const double> memory,
                              MemoryFinder find, void* instance);
/** Of the library that was opened, which exports flambeau_call() to give it. Throws std::runtime_error if it does not.
 */
DeviceCall device_call();

}  // namespace flambeau
