// One target under libFuzzer; which one is said when it is compiled.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  estiba::fuzz::ESTIBA_FUZZ_FEED({reinterpret_cast<const char*>(data), size});
  return 0;
}
