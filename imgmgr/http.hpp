// HTTP and HTTPS by libcurl, loaded when first needed: most commands never do.
#pragma once
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::img {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  ///< "Name: value"
  std::stop_token stop;
};

struct HttpResponse {
  long status = 0;
  int64_t last_modified = -1;  ///< seconds since 1970; -1: not told
};

/// GET, redirects followed among http and https (never from https down to http). The body goes to
/// `sink` as it comes. An Error if no answer came; an answer of any status is returned.
HttpResponse http_get(const HttpRequest& request,
                      const std::function<void(std::string_view)>& sink);

}  // namespace estiba::img
