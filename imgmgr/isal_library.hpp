// The functions of ISA-L (igzip), found at run time: gzip at several times zlib's speed, where it
// is installed.
#pragma once
#include <isa-l/igzip_lib.h>

namespace estiba::img {

struct IsalLibrary {
  decltype(&isal_inflate_init) inflate_init = nullptr;
  decltype(&isal_inflate_reset) inflate_reset = nullptr;
  decltype(&isal_inflate) inflate = nullptr;
  decltype(&isal_deflate_init) deflate_init = nullptr;
  decltype(&isal_deflate) deflate = nullptr;
};

/// Null if it is not there.
const IsalLibrary* isal_library();

}  // namespace estiba::img
