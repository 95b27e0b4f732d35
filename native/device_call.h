// What few ask of a device's library, by name: work between processes (cuda/nccl.h). Beside device.h, which all kernels
// are built on, as an entry of its own.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device.h"

namespace flambeau {

/** A part of a storage of a GPU, and where the storage begins. */
struct Memory {
  std::byte *block, *data;
  size_t bytes;
  int device;  // -1: the host
};

/** Numbers in, numbers out; throws PlanError if there is no function of that name. */
using DeviceCall = std::vector<double> (*)(std::string_view name, const std::string& text,
                                           std::span<const double> numbers, std::span<const Memory> memory);
/** Of the library that was opened, which exports flambeau_call() to give it. Throws std::runtime_error if it does not.
 */
DeviceCall device_call();

}  // namespace flambeau
