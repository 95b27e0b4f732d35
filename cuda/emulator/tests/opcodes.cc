// Runs the cases of opcodes_*.cc. With an argument, writes the PTX there, so that ptxas can say whether it is PTX.
#include "opcodes.h"

#include <cstdio>
#include <cstring>
#include <fstream>

#include "../machine.h"

namespace flambeau::emulator::test {
namespace {

struct Case {
  std::string name, body;
  std::vector<Value> in;
  Value out;
};
std::vector<Case>& cases() {
  static std::vector<Case> list;
  return list;
}

std::string kernel_text(size_t number, const Case& c) {
  const auto type = [](int width) { return width == 1 ? std::string(".pred") : ".b" + std::to_string(width); };
  std::string t = ".visible .entry t" + std::to_string(number) +
                  "(.param .u64 io) {\n.reg .b64 %io;\n.reg .b64 %load;\n.reg .b32 %bit;\n";
  std::string loads = "ld.param.u64 %io, [io];\n";
  for (size_t i = 0; i < c.in.size(); i++) {
    if (c.in[i].width == 0) continue;
    const std::string name = std::string("%") + static_cast<char>('a' + i), width = std::to_string(c.in[i].width);
    t += ".reg " + type(c.in[i].width) + " " + name + ";\n";
    const std::string at = "[%io+" + std::to_string(8 * (i + 1)) + "]";
    if (c.in[i].width == 1) {
      loads += "ld.global.b64 %load, " + at + ";\nsetp.ne.u64 " + name + ", %load, 0;\n";
    } else {
      loads += "ld.global.b" + width + " " + name + ", " + at + ";\n";
    }
  }
  t += ".reg " + type(c.out.width) + " %out;\n" + loads + c.body;
  if (c.out.width == 1) {
    t += "selp.b32 %bit, 1, 0, %out;\nst.global.b32 [%io], %bit;\n";
  } else {
    t += "st.global.b" + std::to_string(c.out.width) + " [%io], %out;\n";
  }
  return t + "ret;\n}\n";
}

bool run(Ptx& ptx, size_t number, const Case& c, std::byte* io, uint64_t address) {
  std::memset(io, 0, 8);
  for (size_t i = 0; i < c.in.size(); i++) std::memcpy(io + 8 * (i + 1), &c.in[i].bits, 8);
  uint64_t got = 0;
  try {
    const auto program = decode(ptx, *ptx.function("t" + std::to_string(number)), {});
    std::vector<std::byte> parameters(8);
    std::memcpy(parameters.data(), &address, 8);
    launch(*program, {}, {}, parameters, 0);
    std::memcpy(&got, io, 8);
    if (got == c.out.bits) return true;
  } catch (const std::exception& e) {
    std::printf("  %s: %s\n", c.name.c_str(), e.what());
    return false;
  }
  std::printf("  %s: got 0x%llx, expected 0x%llx; from", c.name.c_str(), static_cast<unsigned long long>(got),
              static_cast<unsigned long long>(c.out.bits));
  for (const Value& v : c.in) std::printf(" 0x%llx%s", static_cast<unsigned long long>(v.bits), v.literal.c_str());
  std::printf("\n");
  return false;
}

}  // namespace

void check(const std::string& op, std::initializer_list<Value> in, Value out) {
  std::string line = op + " %out";
  char name = 'a';
  for (const Value& v : in) line += ", " + (v.width == 0 ? v.literal : std::string("%") + name), name++;
  cases().push_back({op, line + ";\n", in, out});
}
void check_lines(const std::string& lines, std::initializer_list<Value> in, Value out) {
  cases().push_back({lines.substr(0, lines.find('\n')), lines + "\n", in, out});
}

int main_of(int count, char** arguments) {
  integer_cases();
  bit_cases();
  float_cases();
  compare_cases();
  convert_cases();
  std::string all = ".version 8.6\n.target sm_90\n.address_size 64\n";
  for (size_t i = 0; i < cases().size(); i++) all += kernel_text(i, cases()[i]);
  if (count > 1) {
    std::ofstream(arguments[1]) << all;
    return 0;
  }
  Ptx ptx;
  parse(all, ptx);
  DeviceMemory& memory = DeviceMemory::get();
  const uint64_t address = memory.allocate(128);
  std::byte* io = memory.translate(address, 128);
  size_t wrong = 0;
  for (size_t i = 0; i < cases().size(); i++) wrong += run(ptx, i, cases()[i], io, address) ? 0 : 1;
  std::printf("opcodes: %zu cases, %zu wrong\n", cases().size(), wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace flambeau::emulator::test

int main(int count, char** arguments) { return flambeau::emulator::test::main_of(count, arguments); }
