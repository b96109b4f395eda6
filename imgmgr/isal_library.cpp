#include "imgmgr/isal_library.hpp"

#include <dlfcn.h>

namespace estiba::img {
namespace {

template <typename F>
bool find(void* handle, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(handle, name));
  return function != nullptr;
}

bool load(IsalLibrary& out) {
  void* handle = ::dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);
  return handle && find(handle, "isal_inflate_init", out.inflate_init) &&
         find(handle, "isal_inflate_reset", out.inflate_reset) &&
         find(handle, "isal_inflate", out.inflate) &&
         find(handle, "isal_deflate_init", out.deflate_init) &&
         find(handle, "isal_deflate", out.deflate);
}

}  // namespace

const IsalLibrary* isal_library() {
  static IsalLibrary library;
  static const bool loaded = load(library);
  return loaded ? &library : nullptr;
}

}  // namespace estiba::img
