// Tests of single instructions: each case becomes a kernel of one thread, written as PTX, run by the emulator, and its
// result compared bit by bit. The files opcodes_*.cc hold the cases; opcodes.cc runs them all.
#pragma once
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace flambeau::emulator::test {

struct Value {
  int width;  // bits; 1 is a predicate, 0 a literal
  uint64_t bits;
  std::string literal = "";
};
inline Value b16(uint16_t v) { return {16, v}; }
inline Value b32(uint32_t v) { return {32, v}; }
inline Value b64(uint64_t v) { return {64, v}; }
inline Value f32(float v) { return {32, std::bit_cast<uint32_t>(v)}; }
inline Value f64(double v) { return {64, std::bit_cast<uint64_t>(v)}; }
inline Value pred(bool v) { return {1, v ? 1u : 0u}; }
inline Value text(const std::string& s) { return {0, 0, s}; }

/** Adds a case: `op` of `in` must give `out`. */
void check(const std::string& op, std::initializer_list<Value> in, Value out);
/** Adds a case of several lines over the registers %a, %b, … (of the inputs, in order) with the result in %out. */
void check_lines(const std::string& lines, std::initializer_list<Value> in, Value out);

void integer_cases();
void bit_cases();
void float_cases();
void compare_cases();
void convert_cases();

}  // namespace flambeau::emulator::test
