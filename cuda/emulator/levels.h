// The handlers of instructions (ops_*.cc) are compiled once for every processor and, on x86-64, once more for those
// with AVX2 and FMA, where a loop over 32 lanes takes a few instructions; each in a namespace of its own. decode.cc
// chooses.
#pragma once
#include "program.h"

#ifndef FLAMBEAU_LEVEL
#define FLAMBEAU_LEVEL base
#endif

/** Before a loop over lanes: no lane reads what another one writes. */
#ifdef __clang__
#define FLAMBEAU_LANES_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define FLAMBEAU_LANES_APART _Pragma("GCC ivdep")
#endif

namespace flambeau::emulator {

class Decoder;
struct Statement;

/** A family of instructions: emits a statement's, or returns false if the opcode is none of its own. */
using Family = bool (*)(Decoder& d, const Statement& s, Type type);

#define FLAMBEAU_FAMILIES(LEVEL)                                                                      \
  namespace LEVEL {                                                                                   \
  bool decode_integer(Decoder& d, const Statement& s, Type type);                                     \
  bool decode_bits(Decoder& d, const Statement& s, Type type);                                        \
  bool decode_float(Decoder& d, const Statement& s, Type type);                                       \
  bool decode_compare(Decoder& d, const Statement& s, Type type);                                     \
  bool decode_convert(Decoder& d, const Statement& s, Type type);                                     \
  bool decode_memory(Decoder& d, const Statement& s, Type type);                                      \
  bool decode_warp(Decoder& d, const Statement& s, Type type);                                        \
  inline constexpr Family kFamilies[] = {decode_memory, decode_warp,  decode_compare, decode_convert, \
                                         decode_bits,   decode_float, decode_integer};                \
  }
FLAMBEAU_FAMILIES(base)
FLAMBEAU_FAMILIES(v3)

}  // namespace flambeau::emulator
