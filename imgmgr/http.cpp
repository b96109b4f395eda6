#include "imgmgr/http.hpp"

#include <curl/curl.h>
#include <dlfcn.h>

#include <exception>
#include <memory>

#include "base/error.hpp"

namespace estiba::img {
namespace {

constexpr long connect_seconds = 30;
// Given up when less than this many bytes a second come for so long.
constexpr long stalled_bytes = 10, stalled_seconds = 60;
constexpr long max_redirects = 10;

struct Library {
  void* handle = nullptr;
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_slist_append) append = nullptr;
  decltype(&curl_slist_free_all) free_list = nullptr;
};

template <typename F>
void find(void* handle, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(handle, name));
  if (!function) throw Error(cat("libcurl has no ", name));
}

Library load() {
  Library out;
  for (const char* name : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
    out.handle = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (out.handle) break;
  }
  if (!out.handle) throw Error("fetching over HTTP needs libcurl; install the package libcurl4");
  find(out.handle, "curl_easy_init", out.init);
  find(out.handle, "curl_easy_setopt", out.setopt);
  find(out.handle, "curl_easy_perform", out.perform);
  find(out.handle, "curl_easy_getinfo", out.getinfo);
  find(out.handle, "curl_easy_cleanup", out.cleanup);
  find(out.handle, "curl_easy_strerror", out.strerror);
  find(out.handle, "curl_slist_append", out.append);
  find(out.handle, "curl_slist_free_all", out.free_list);
  return out;
}

const Library& library() {
  static const Library loaded = load();
  return loaded;
}

// The body on its way; an exception waits until C has returned.
struct Transfer {
  const std::function<void(std::string_view)>& sink;
  std::stop_token stop;
  std::exception_ptr failure;
};

size_t take_body(char* data, size_t size, size_t count, void* transfer) {
  auto* self = static_cast<Transfer*>(transfer);
  try {
    self->sink({data, size * count});
    return size * count;
  } catch (...) {
    self->failure = std::current_exception();
    return 0;
  }
}

int check_stop(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(transfer)->stop.stop_requested() ? 1 : 0;
}

}  // namespace

HttpResponse http_get(const HttpRequest& request,
                      const std::function<void(std::string_view)>& sink) {
  const Library& curl = library();
  std::unique_ptr<CURL, decltype(curl.cleanup)> easy{curl.init(), curl.cleanup};
  std::unique_ptr<curl_slist, decltype(curl.free_list)> headers{nullptr, curl.free_list};
  for (const auto& header : request.headers)
    headers.reset(curl.append(headers.release(), header.c_str()));
  Transfer transfer{sink, request.stop, nullptr};
  auto set = [&](CURLoption option, auto value) { curl.setopt(easy.get(), option, value); };
  bool secure = request.url.starts_with("https:");
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, max_redirects);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FILETIME, 1L);
  set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
  set(CURLOPT_LOW_SPEED_LIMIT, stalled_bytes);
  set(CURLOPT_LOW_SPEED_TIME, stalled_seconds);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, check_stop);
  set(CURLOPT_XFERINFODATA, &transfer);
  CURLcode code = curl.perform(easy.get());
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (code != CURLE_OK) throw Error(cat("cannot fetch ", request.url, ": ", curl.strerror(code)));
  HttpResponse out;
  curl_off_t modified = -1;
  curl.getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &out.status);
  curl.getinfo(easy.get(), CURLINFO_FILETIME_T, &modified);
  out.last_modified = modified;
  return out;
}

}  // namespace estiba::img
