// HTTP and HTTPS by libcurl, loaded when first needed: most commands never do. Who may see which
// header, and what is tried again, is decided by the callers.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace estiba::img {

/// `report` hands a redirect to the caller as any other answer.
enum class Redirects { follow, report };

/// Whom an HTTPS connection believes, and how it shows who we are. Empty: the system's authorities
/// alone; no certificate of our own.
struct HttpTls {
  bool verify = true;
  std::string ca_file, cert_file, key_file;
};

/// What is sent; read again from the start where a connection turns out to be stale.
struct HttpBody {
  /// Fills the buffer from `offset` on; 0 at the end.
  std::function<size_t(char* buffer, size_t size, uint64_t offset)> read;
  uint64_t size = 0;
};

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::stop_token stop = {};
  std::string method = "GET";
  Redirects redirects = Redirects::follow;
  HttpTls tls = {};
  std::optional<HttpBody> body = {};
};

struct HttpResponse {
  long status = 0;             ///< 0: no answer came
  int64_t last_modified = -1;  ///< seconds since 1970; -1: not told
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
  /// Why no answer came, or why it broke off; empty: it is whole.
  std::string failure = {};

  /// The first header of this (lower-case) name, or "".
  std::string header(std::string_view name) const;
};

/// Takes the body as it comes; what was answered so far stands beside it.
using HttpSink = std::function<void(const HttpResponse& head, std::string_view data)>;

/// Connections that are kept from one request to the next. For one thread at a time.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  /// What goes wrong on the way is in the response; what `sink` throws is passed on.
  HttpResponse perform(const HttpRequest& request, const HttpSink& sink);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// GET, redirects followed among http and https (never from https down to http). The body goes to
/// `sink` as it comes. An Error if no answer came; an answer of any status is returned.
HttpResponse http_get(const HttpRequest& request,
                      const std::function<void(std::string_view)>& sink);

/// Whether an address' host ("127.0.0.1:5000", "localhost", "[::1]") is this machine.
bool is_loopback(std::string_view host);

}  // namespace estiba::img
