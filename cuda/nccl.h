// Collective operations between the GPUs of several processes, by NCCL. backend.cc sends here what
// lib/distributed/nccl.ts asks for by name.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "../native/device_call.h"

namespace flambeau::cuda {

/**
 * What comes of one of these functions (native/device_call.h). Communicators and works are numbers.
 * - nccl.version () → [22000], or nothing where NCCL is not there
 * - nccl.id () → the 128 bytes of a new communicator's id
 * - nccl.init (rank, size, device, seconds to wait for the others, the id's bytes) text: the group → [communicator]
 * - nccl.run (communicator, seconds it may take, async, Collective, dtype, reduction, root) memory: output, input
 * - nccl.exchange (communicator, seconds, async, {send, peer, dtype} of each message) memory: that of each
 * - nccl.wait (work) the current stream waits for it
 * - nccl.block (work, seconds) the host does, at most so long, 0: for ever → [whether it is done]
 * - nccl.done (work) → [whether it is]
 * - nccl.drop (work) nobody asks for it any more
 * - nccl.destroy (communicator) after its work; nccl.abort (communicator) whatever it does
 *
 * What is async gives [work], all else is waited for by the current stream. Throws DeviceFailure where a communicator
 * has failed.
 */
std::vector<double> call_nccl(std::string_view name, const std::string& text, std::span<const double> numbers,
                              std::span<const Memory> memory);

/** After the host has waited for a device: throws DeviceFailure if a communicator has failed since the last call. */
void raise_collective_failure();

/** Its version and path, or why it is not there. */
LibraryInfo nccl_info();

}  // namespace flambeau::cuda
