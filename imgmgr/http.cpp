#include "imgmgr/http.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/curl_library.hpp"

namespace estiba::img {
namespace {

constexpr long connect_seconds = 10;
// Given up when less than this many bytes a second come for so long.
constexpr long stalled_bytes = 10, stalled_seconds = 60;
constexpr long max_redirects = 10;
constexpr size_t max_header_bytes = size_t{64} << 10;
constexpr long buffer_size = 256L << 10;

// The answer on its way; an exception waits until C has returned.
struct Transfer {
  const HttpRequest& request;
  const HttpSink& sink;
  HttpResponse response;
  size_t header_bytes = 0;
  uint64_t sent = 0;
  std::exception_ptr failure;
};

size_t take_body(char* data, size_t size, size_t count, void* transfer) {
  auto* self = static_cast<Transfer*>(transfer);
  try {
    self->sink(self->response, {data, size * count});
    return size * count;
  } catch (...) {
    self->failure = std::current_exception();
    return 0;
  }
}

// Each answer of a chain (100, redirects, a proxy's) begins with a status line: the last one
// counts.
void take_status_line(Transfer& transfer, std::string_view line) {
  transfer.response.headers.clear();
  size_t blank = line.find(' ');
  auto status = blank == line.npos ? std::nullopt : text::to_int(line.substr(blank + 1, 3));
  transfer.response.status = status.value_or(0);
}

size_t take_header(char* data, size_t size, size_t count, void* transfer) {
  auto* self = static_cast<Transfer*>(transfer);
  std::string_view line{data, size * count};
  self->header_bytes += line.size();
  if (self->header_bytes > max_header_bytes) return 0;
  std::string_view text = text::trim(line);
  size_t colon = text.find(':');
  if (text.starts_with("HTTP/")) {
    take_status_line(*self, text);
  } else if (colon != text.npos) {
    self->response.headers.emplace_back(text::lower(text::trim(text.substr(0, colon))),
                                        std::string(text::trim(text.substr(colon + 1))));
  }
  return line.size();
}

size_t give_body(char* buffer, size_t size, size_t count, void* transfer) {
  auto* self = static_cast<Transfer*>(transfer);
  if (!self->request.body) return 0;
  try {
    size_t got = self->request.body->read(buffer, size * count, self->sent);
    self->sent += got;
    return got;
  } catch (...) {
    self->failure = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int seek_body(void* transfer, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(transfer)->sent = static_cast<uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int check_stop(void* transfer, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(transfer)->request.stop.stop_requested() ? 1 : 0;
}

std::string host_of(const std::string& url) {
  size_t start = url.find("://");
  start = start == url.npos ? 0 : start + 3;
  std::string authority = url.substr(start, url.find_first_of("/?#", start) - start);
  size_t at = authority.rfind('@');
  return at == authority.npos ? authority : authority.substr(at + 1);
}

// curl takes HTTP_PROXY in lower case only (a web server could be made to set the other); the tools
// that people configure registries for take both. Nobody means a proxy for this machine itself.
const char* proxy_for(const std::string& url) {
  if (is_loopback(host_of(url))) return "";
  if (!url.starts_with("http:") || std::getenv("http_proxy")) return nullptr;
  return std::getenv("HTTP_PROXY");
}

std::string with_body_header(const std::vector<std::string>& headers) {
  bool asks = std::any_of(headers.begin(), headers.end(), [](const std::string& header) {
    return text::lower(header).starts_with("expect:");
  });
  // Waiting for "100 Continue" costs a second with servers that do not send it.
  return asks ? "" : "Expect:";
}

// What is sent is made of what others have told (tokens, media types, addresses): none of it may
// end its line and begin another.
void refuse_control_characters(const HttpRequest& request) {
  auto is_bad = [](std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
    });
  };
  if (is_bad(request.url)) throw Error("an address with control characters in it is not asked");
  if (std::any_of(request.headers.begin(), request.headers.end(), is_bad))
    throw Error(cat("a header for ", request.url, " has control characters in it; it is not sent"));
}

}  // namespace

std::string HttpResponse::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return "";
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1) == "[::1]";
  host = host.substr(0, host.rfind(':'));
  if (host == "localhost") return true;
  bool numeric = host.find_first_not_of("0123456789.") == host.npos;
  return numeric && host.starts_with("127.") && std::count(host.begin(), host.end(), '.') == 3;
}

struct HttpClient::State {
  const CurlLibrary& curl = curl_library();
  std::unique_ptr<CURL, decltype(CurlLibrary::cleanup)> easy{curl.init(), curl.cleanup};

  template <typename T>
  void set(CURLoption option, T value) {
    curl.setopt(easy.get(), option, value);
  }
  void set_up(Transfer& transfer, curl_slist* headers);
  void set_limits();
  void set_tls(const HttpTls& tls);
  void set_method(Transfer& transfer);
};

void HttpClient::State::set_limits() {
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FILETIME, 1L);
  set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
  set(CURLOPT_LOW_SPEED_LIMIT, stalled_bytes);
  set(CURLOPT_LOW_SPEED_TIME, stalled_seconds);
  set(CURLOPT_BUFFERSIZE, buffer_size);
  set(CURLOPT_UPLOAD_BUFFERSIZE, buffer_size);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void HttpClient::State::set_tls(const HttpTls& tls) {
  if (!tls.verify) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  // The folder of the system's authorities (CURLOPT_CAPATH) stays as it is: this one is added.
  if (!tls.ca_file.empty()) set(CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!tls.cert_file.empty()) set(CURLOPT_SSLCERT, tls.cert_file.c_str());
  if (!tls.key_file.empty()) set(CURLOPT_SSLKEY, tls.key_file.c_str());
}

void HttpClient::State::set_method(Transfer& transfer) {
  const HttpRequest& request = transfer.request;
  if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  bool sends = request.body || request.method == "POST" || request.method == "PUT";
  if (sends) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_READFUNCTION, give_body);
    set(CURLOPT_READDATA, &transfer);
    set(CURLOPT_SEEKFUNCTION, seek_body);
    set(CURLOPT_SEEKDATA, &transfer);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body ? request.body->size : 0));
  }
  if (request.method != "GET" && request.method != "HEAD")
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void HttpClient::State::set_up(Transfer& transfer, curl_slist* headers) {
  const HttpRequest& request = transfer.request;
  bool secure = request.url.starts_with("https:");
  curl.reset(easy.get());
  set_limits();
  set_tls(request.tls);
  set_method(transfer);
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, request.redirects == Redirects::follow ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, max_redirects);
  if (const char* proxy = proxy_for(request.url)) set(CURLOPT_PROXY, proxy);
  set(CURLOPT_HEADERFUNCTION, take_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, take_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, check_stop);
  set(CURLOPT_XFERINFODATA, &transfer);
}

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResponse HttpClient::perform(const HttpRequest& request, const HttpSink& sink) {
  refuse_control_characters(request);
  const CurlLibrary& curl = state_->curl;
  std::unique_ptr<curl_slist, decltype(curl.free_list)> headers{nullptr, curl.free_list};
  auto add = [&](const std::string& header) {
    headers.reset(curl.append(headers.release(), header.c_str()));
  };
  for (const auto& header : request.headers) add(header);
  if (std::string header = with_body_header(request.headers); request.body && !header.empty())
    add(header);
  Transfer transfer{request, sink, {}, 0, 0, nullptr};
  state_->set_up(transfer, headers.get());
  CURLcode code = curl.perform(state_->easy.get());
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  if (code == CURLE_ABORTED_BY_CALLBACK) transfer.response.failure = "it was interrupted";
  if (code != CURLE_OK && transfer.response.failure.empty())
    transfer.response.failure = curl.strerror(code);
  curl_off_t modified = -1;
  curl.getinfo(state_->easy.get(), CURLINFO_FILETIME_T, &modified);
  transfer.response.last_modified = modified;
  return std::move(transfer.response);
}

HttpResponse http_get(const HttpRequest& request,
                      const std::function<void(std::string_view)>& sink) {
  HttpResponse out = HttpClient().perform(
      request, [&](const HttpResponse&, std::string_view data) { sink(data); });
  if (!out.failure.empty()) throw Error(cat("cannot fetch ", request.url, ": ", out.failure));
  return out;
}

}  // namespace estiba::img
