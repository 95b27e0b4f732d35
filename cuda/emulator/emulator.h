/* What a program that runs on the emulator may ask of it, besides the runtime library's own functions. C, so that it
   can be found by dlsym: a program that is linked with the real library does without. */
#ifndef FLAMBEAU_EMULATOR_H
#define FLAMBEAU_EMULATOR_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

struct flambeau_emulator_counters {
  uint64_t launches, instructions;
  uint64_t bytes_read, bytes_written;     /* of global memory, summed over threads */
  uint64_t sectors_read, sectors_written; /* 32-byte pieces, as warps touch them */
};
/** Counts since the start, or since the last reset. Waits for nothing: synchronize first. */
void flambeau_emulator_read(struct flambeau_emulator_counters* out);
void flambeau_emulator_reset(void);
/** Sets what FLAMBEAU_EMULATOR_<name> sets; 0 if there is no such setting. MEMORY only before the first allocation. */
int flambeau_emulator_configure(const char* name, const char* value);
/** How many defects were found, and the text of the last (valid until this thread asks again). */
uint64_t flambeau_emulator_reports(void);
const char* flambeau_emulator_last_report(void);
/** Forgets reports and the error that a fault leaves behind: only tests may go on after one. */
void flambeau_emulator_forget(void);
/** The host's view of device memory, for stand-ins of libraries; null unless all `bytes` are in one allocation. */
void* flambeau_emulator_bytes(const void* device, uint64_t bytes);
struct CUstream_st;
/**
 * For allocators that keep memory and give it out again: makes it fresh (poisoned, not written), in the order of the
 * stream, as if it came from cudaMalloc. 0 if it is not all in one allocation, or there is no such stream.
 */
int flambeau_emulator_fresh(void* device, uint64_t bytes, struct CUstream_st* stream);

#ifdef __cplusplus
}
#endif
#endif
