// See settings.h.
#include "settings.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

namespace flambeau::emulator {
namespace {

struct Reports {
  uint64_t count = 0;
  std::string last;
};
std::mutex reports_lock;  // some functions fail without the lock of Runtime
Reports& state() {
  static Reports& r = *std::make_unique<Reports>().release();  // threads may outlive main()
  return r;
}

bool apply(Settings& s, const std::string& name, const std::string& value) {
  const uint64_t n = std::strtoull(value.c_str(), nullptr, 0);
  if (name == "RACES") {
    s.races = n != 0;
  } else if (name == "STRICT") {
    s.strict = n != 0;
  } else if (name == "SEED") {
    s.seed = n;
  } else if (name == "LAZY") {
    s.lazy = n != 0;
  } else if (name == "POISON") {
    s.poison = n != 0;
  } else if (name == "UNINITIALISED") {
    s.uninitialised = n != 0;
  } else if (name == "VERBOSE") {
    s.verbose = n != 0;
  } else if (name == "PLAIN") {
    s.plain = n != 0;
  } else if (name == "LIMIT") {
    s.limit = n;
  } else if (name == "DEVICES") {
    s.devices = std::clamp<uint64_t>(n, 1, kMostDevices);
  } else if (name == "MEMORY") {
    s.memory = n;
  } else {
    return false;
  }
  return true;
}

Settings from_environment() {
  Settings s;
  for (const char* name : {"RACES", "STRICT", "SEED", "LAZY", "POISON", "UNINITIALISED", "VERBOSE", "PLAIN", "LIMIT",
                           "MEMORY", "DEVICES"}) {
    const char* value = std::getenv((std::string("FLAMBEAU_EMULATOR_") + name).c_str());
    if (value != nullptr && *value != '\0') apply(s, name, value);
  }
  return s;
}

}  // namespace

Settings& settings() {
  static Settings s = from_environment();
  return s;
}
bool configure(const std::string& name, const std::string& value) { return apply(settings(), name, value); }

Counters& counters() {
  static Counters c;
  return c;
}

void report(const std::string& text) {
  const std::lock_guard<std::mutex> hold(reports_lock);
  state().count++;
  state().last = text;
  if (settings().verbose) std::fprintf(stderr, "CUDA emulator: %s\n", text.c_str());
}
uint64_t reports() {
  const std::lock_guard<std::mutex> hold(reports_lock);
  return state().count;
}
std::string last_report() {
  const std::lock_guard<std::mutex> hold(reports_lock);
  return state().last;
}
void clear_reports() {
  const std::lock_guard<std::mutex> hold(reports_lock);
  state() = Reports();
}

}  // namespace flambeau::emulator
