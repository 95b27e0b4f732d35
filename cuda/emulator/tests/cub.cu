// CUB's sort, scan and reduction: the hardest code that the emulator has to run for us.
#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_scan.cuh>

#include <algorithm>
#include <numeric>
#include <random>

#include "check.h"

namespace {

/** Calls a CUB function twice, as they want it: for the size of the scratch memory, and with it. */
template <class F>
void with_scratch(const char* name, F&& f) {
  size_t bytes = 0;
  succeed(f(static_cast<void*>(nullptr), bytes), name);
  Device<char> scratch(bytes);
  succeed(f(static_cast<void*>(scratch.get()), bytes), name);
}

void test_sort(int n) {
  std::mt19937 random(n);
  std::vector<float> keys(n);
  for (float& k : keys) k = static_cast<float>(static_cast<int>(random() % 2001) - 1000);
  std::vector<int> places(n);
  std::iota(places.begin(), places.end(), 0);
  Device<float> in(keys), out(n);
  Device<int> from(places), to(n);
  with_scratch("sort", [&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, in.get(), out.get(), from.get(), to.get(), n);
  });
  std::stable_sort(places.begin(), places.end(), [&](int a, int b) { return keys[a] < keys[b]; });
  std::sort(keys.begin(), keys.end());
  expect(out.values() == keys, "sorted keys of " + std::to_string(n));
  expect(to.values() == places, "sorted values of " + std::to_string(n));
}

void test_scan(int n) {
  std::vector<int> x(n);
  for (int i = 0; i < n; i++) x[i] = i % 17 - 5;
  Device<int> in(x), out(n), sum(1);
  with_scratch("scan", [&](void* scratch, size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(scratch, bytes, in.get(), out.get(), n);
  });
  with_scratch("sum", [&](void* scratch, size_t& bytes) {
    return cub::DeviceReduce::Sum(scratch, bytes, in.get(), sum.get(), n);
  });
  expect(sum.values()[0] == std::accumulate(x.begin(), x.end(), 0), "sum of " + std::to_string(n));
  std::partial_sum(x.begin(), x.end(), x.begin());
  expect(out.values() == x, "scan of " + std::to_string(n));
}

}  // namespace

int main() {
  for (const int n : {1, 1000, 30000}) {
    test_sort(n);
    test_scan(n);
  }
  // A few with the checks for races, and warps in random order.
  flambeau_emulator_configure("RACES", "1");
  flambeau_emulator_configure("SEED", "3");
  test_sort(5000);
  test_scan(5000);
  expect(flambeau_emulator_reports() == 0, "no reports");
  return finish("cub");
}
