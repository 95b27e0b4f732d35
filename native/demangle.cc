// Where the addon brings LLVM's C++ library along (scripts/cross.mjs), it does without that library's demangler: 120 KB
// that only put a type's name into the last words of a process that ends by an exception. No exception leaves the
// addon.
#include <cstddef>
#include <version>

#if defined(_LIBCPP_VERSION) && defined(__linux__)
extern "C" char* __cxa_demangle(const char*, char*, size_t*, int* status) {
  constexpr int kNoName = -2;
  if (status) *status = kNoName;
  return nullptr;
}
#endif
