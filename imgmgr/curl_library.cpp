#include "imgmgr/curl_library.hpp"

#include <dlfcn.h>

#include "base/error.hpp"

namespace estiba::img {
namespace {

template <typename F>
void find(void* handle, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(handle, name));
  if (!function) throw Error(cat("libcurl has no ", name));
}

CurlLibrary load() {
  void* handle = nullptr;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle) break;
  }
  if (!handle) throw Error("fetching over HTTP needs libcurl; install the package libcurl4");
  CurlLibrary out;
  find(handle, "curl_global_init", out.global_init);
  find(handle, "curl_easy_init", out.init);
  find(handle, "curl_easy_reset", out.reset);
  find(handle, "curl_easy_setopt", out.setopt);
  find(handle, "curl_easy_perform", out.perform);
  find(handle, "curl_easy_getinfo", out.getinfo);
  find(handle, "curl_easy_cleanup", out.cleanup);
  find(handle, "curl_easy_strerror", out.strerror);
  find(handle, "curl_slist_append", out.append);
  find(handle, "curl_slist_free_all", out.free_list);
  // Here, where one thread is certain to be alone with it.
  out.global_init(CURL_GLOBAL_DEFAULT);
  return out;
}

}  // namespace

const CurlLibrary& curl_library() {
  static const CurlLibrary loaded = load();
  return loaded;
}

}  // namespace estiba::img
