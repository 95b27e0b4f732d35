// Opens a shared library that holds the emulator and two objects of nvcc, as Node opens an addon, in several threads at
// once; closes it in some, as ending worker threads do. The argument is the library.
#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "plugin.h"

int main(int count, char** arguments) {
  if (count < 2) return 2;
  std::atomic<int> wrong = 0;
  const auto work = [&](int seed) {
    void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      std::printf("  %s\n", dlerror());
      wrong++;
      return;
    }
    const auto run = reinterpret_cast<PluginWork>(dlsym(library, "plugin_work"));
    if (run == nullptr || run(seed) != 0) wrong++;
    dlclose(library);
  };
  for (int turn = 0; turn < 3; turn++) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; t++) threads.emplace_back(work, 100 * t);
    for (std::thread& t : threads) t.join();
  }
  std::printf("threads: %d of 18 failed\n", wrong.load());
  return wrong == 0 ? 0 : 1;
}
