#include "imgmgr/registry/remote.hpp"

#include <condition_variable>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "imgmgr/registry/host_certificates.hpp"
#include "imgmgr/registry/retry.hpp"
#include "imgmgr/registry/token.hpp"
#include "imgmgr/registry/url.hpp"

namespace estiba::img {
namespace {

using std::chrono::milliseconds;

constexpr int max_hops = 10;
constexpr int max_logins = 2;
constexpr size_t max_refusal = size_t{8} << 10;
constexpr size_t max_token_answer = size_t{256} << 10;
// A token is renewed so long before its end: what it is for has yet to reach the registry.
constexpr std::chrono::seconds token_margin{10};
constexpr const char* agent = "User-Agent: estiba";

double jitter() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

void ignore(const HttpResponse&, std::string_view) {}

// {"errors": [{"code": "DENIED", "message": "..."}]}, or nothing that can be shown.
std::string told_reason(const RemoteAnswer& answer) {
  Json document = Json::parse(answer.refusal, nullptr, false);
  if (!document.is_object()) return "";
  auto errors = document.find("errors");
  if (errors == document.end() || !errors->is_array() || errors->empty()) return "";
  const Json& first = errors->front();
  if (!first.is_object()) return "";
  for (const char* key : {"message", "code"})
    if (auto text = first.find(key); text != first.end() && text->is_string())
      if (const auto& value = text->get_ref<const std::string&>(); !value.empty()) return value;
  return "";
}

}  // namespace

Remote::Remote(RemoteParts parts)
    : parts_(std::move(parts)),
      scopes_{cat("repository:", parts_.endpoint.repository, ":", parts_.actions)} {
  // Without a repository (login) there is nothing to ask permission for.
  if (parts_.endpoint.repository.empty()) scopes_.clear();
}

std::string Remote::path(const std::string& rest) const {
  return cat("/v2/", parts_.endpoint.repository, "/", rest);
}

std::string Remote::url_of(const std::string& target) const { return resolve_url(base_, target); }

HttpTls Remote::tls(const std::string& url) const {
  bool own = authority_of(url) == parts_.endpoint.host;
  Trust trust = own && parts_.endpoint.insecure ? Trust::anyone : Trust::verified;
  return tls_for(authority_of(url), trust);
}

void Remote::check_stopped() const {
  if (parts_.stop.stop_requested()) throw Error("it was interrupted");
}

void Remote::pause(milliseconds time) const {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, parts_.stop, time, [] { return false; });
  check_stopped();
}

RemoteAnswer Remote::hop(HttpClient& client, const HttpRequest& request, const HttpSink& sink) {
  RemoteAnswer answer;
  HttpRequest sent = request;
  sent.headers.emplace_back(agent);
  sent.redirects = Redirects::report;
  sent.stop = parts_.stop;
  sent.tls = tls(request.url);
  answer.http = client.perform(sent, [&](const HttpResponse& head, std::string_view data) {
    if (head.status >= 200 && head.status < 300) return sink(head, data);
    answer.refusal += data.substr(0, max_refusal - std::min(max_refusal, answer.refusal.size()));
  });
  check_stopped();
  return answer;
}

// Why there is no registry at this address; nothing if there is one.
std::optional<std::string> Remote::failure_at(HttpClient& client, const std::string& base) {
  RemoteAnswer answer =
      patiently([&] { return hop(client, HttpRequest{cat(base, "/v2/")}, ignore); });
  if (!answer.http.failure.empty()) return answer.http.failure;
  if (answer.http.status == 401) learn(answer);
  if (answer.success() || answer.http.status == 401) return std::nullopt;
  return cat("it answers with status ", std::to_string(answer.http.status),
             ", which no registry does");
}

void Remote::connect(HttpClient& client) {
  std::lock_guard lock(mutex_);
  if (!base_.empty()) return;
  const std::string& host = parts_.endpoint.host;
  std::vector<std::string> schemes{"https"};
  // On this machine plain HTTP is the rule; elsewhere it is what a registry falls back to.
  if (parts_.endpoint.insecure)
    schemes.insert(is_loopback(host) ? schemes.begin() : schemes.end(), "http");
  std::string reason;
  for (const auto& scheme : schemes) {
    std::string base = cat(scheme, "://", host);
    auto failure = failure_at(client, base);
    if (!failure) {
      base_ = base;
      return;
    }
    if (reason.empty()) reason = *failure;
  }
  throw Error(cat("the registry ", host, " cannot be reached: ", reason));
}

// Under the lock, or before the object is shared.
void Remote::learn(const RemoteAnswer& answer) {
  std::optional<Challenge> basic;
  for (const auto& [name, value] : answer.http.headers) {
    if (name != "www-authenticate") continue;
    for (const auto& challenge : parse_challenges(value)) {
      if (challenge.scheme == "bearer" && !challenge.value("realm").empty()) {
        challenge_ = challenge;
        return;
      }
      if (challenge.scheme == "basic") basic = challenge;
    }
  }
  challenge_ = basic;
}

void Remote::renew_token(HttpClient& client) {
  std::string realm = challenge_->value("realm");
  bool plain = realm.starts_with("http://");
  if (!plain && !realm.starts_with("https://"))
    throw Error(cat(parts_.endpoint.host, " names \"", realm, "\" as its token server"));
  if (plain && !parts_.endpoint.insecure)
    throw Error(cat(parts_.endpoint.host, " wants credentials to be sent to ", realm,
                    " in plain text; that is refused"));
  HttpRequest request = token_request(*challenge_, scopes_, parts_.credentials);
  std::string body;
  RemoteAnswer answer = patiently([&] {
    body.clear();
    return hop(client, request, [&](const HttpResponse&, std::string_view data) {
      if (body.size() + data.size() > max_token_answer)
        throw Error(cat("the token server ", realm, " answers without end"));
      body += data;
    });
  });
  if (!answer.http.failure.empty())
    throw Error(cat("the token server ", realm, " cannot be reached: ", answer.http.failure));
  if (!answer.success())
    throw Error(cat("the token server ", realm, " refuses (status ",
                    std::to_string(answer.http.status), "); log in with \"estiba login ",
                    parts_.endpoint.login, "\""));
  Token token = parse_token(body, realm);
  token_ = token.text;
  token_end_ = std::chrono::steady_clock::now() + token.lifetime -
               std::min(token_margin, token.lifetime / 4);
}

// The header that shows who we are, or "".
std::string Remote::authorization(HttpClient& client) {
  std::lock_guard lock(mutex_);
  if (!challenge_) return "";
  if (challenge_->scheme == "bearer") {
    bool fresh = !token_.empty() && std::chrono::steady_clock::now() < token_end_;
    if (!fresh) renew_token(client);
    return cat("Authorization: Bearer ", token_);
  }
  if (!parts_.credentials) return "";
  return cat("Authorization: Basic ",
             base64(cat(parts_.credentials->user, ":", parts_.credentials->password)));
}

void Remote::add_source(const std::string& repository) {
  std::lock_guard lock(mutex_);
  std::string scope = cat("repository:", repository, ":pull");
  if (std::find(scopes_.begin(), scopes_.end(), scope) != scopes_.end()) return;
  scopes_.push_back(scope);
  token_.clear();
}

// One try with its redirects. What shows who we are goes to the registry's own origin alone.
RemoteAnswer Remote::once(HttpClient& client, const RemoteRequest& request, const HttpSink& sink) {
  std::string url = url_of(request.target);
  bool follows = request.method == "GET" || request.method == "HEAD";
  for (int hops = 0;; ++hops) {
    HttpRequest sent{url, request.headers};
    sent.method = request.method;
    sent.body = request.body;
    if (origin_of(url) == origin_of(base_))
      if (std::string header = authorization(client); !header.empty())
        sent.headers.push_back(header);
    RemoteAnswer answer = hop(client, sent, sink);
    std::string location = answer.http.header("location");
    if (!follows || !is_redirect(answer.http.status) || location.empty()) return answer;
    if (hops == max_hops) throw Error(cat(parts_.endpoint.host, " redirects in a circle"));
    std::string next = resolve_url(url, location);
    bool known = next.starts_with("https://") ||
                 (next.starts_with("http://") && !url.starts_with("https://"));
    if (!known)
      throw Error(cat(parts_.endpoint.host, " redirects to ", next.substr(0, next.find('?')),
                      ", which is not secure; that is refused"));
    url = next;
  }
}

RemoteAnswer Remote::patiently(const std::function<RemoteAnswer()>& attempt) {
  for (int count = 1;; ++count) {
    RemoteAnswer answer = attempt();
    if (!answer.http.failure.empty() || !is_passing(answer.http.status)) return answer;
    auto asked = parse_retry_after(answer.http.header("retry-after"), wall_now());
    auto wait = retry_wait(count, asked, jitter());
    if (!wait) return answer;
    pause(*wait);
  }
}

RemoteAnswer Remote::send(HttpClient& client, const RemoteRequest& request, const HttpSink& sink) {
  connect(client);
  bool delivered = false;
  HttpSink watched = [&](const HttpResponse& head, std::string_view data) {
    delivered = true;
    sink(head, data);
  };
  int logins = 0;
  for (int count = 1;; ++count) {
    RemoteAnswer answer = request.method == "PATCH"
                              ? once(client, request, watched)
                              : patiently([&] { return once(client, request, watched); });
    if (answer.http.status == 401 && ++logins <= max_logins) {
      std::lock_guard lock(mutex_);
      learn(answer);
      token_.clear();
      // Without a way to authenticate, asking again brings the same answer.
      if (challenge_ && (parts_.credentials || challenge_->scheme == "bearer")) continue;
      return answer;
    }
    bool broken = !answer.http.failure.empty() && !delivered && request.method != "PATCH";
    auto wait = broken ? retry_wait(count, std::nullopt, jitter()) : std::nullopt;
    if (!wait) return answer;
    pause(*wait);
  }
}

RemoteAnswer Remote::send(HttpClient& client, const RemoteRequest& request) {
  return send(client, request, ignore);
}

void Remote::refuse(const RemoteAnswer& answer, const std::string& what) const {
  const Endpoint& at = parts_.endpoint;
  std::string reason = told_reason(answer);
  std::string aside = reason.empty() ? "" : cat(" (", reason, ")");
  long status = answer.http.status;
  if (!answer.http.failure.empty())
    throw Error(cat(at.host, " broke off while sending ", what, ": ", answer.http.failure));
  if (status == 401 || status == 403)
    throw Error(cat(at.host, " denies access to ", at.repository, aside,
                    ": it does not exist, or you have to log in with \"estiba login ", at.login,
                    "\""));
  if (status == 404) throw Error(cat(at.host, " has no ", what, aside));
  if (status == 429)
    throw Error(cat(at.host, " has had too many requests", aside, "; try again later"));
  throw Error(cat(at.host, " answers with status ", std::to_string(status), " to ", what, aside));
}

}  // namespace estiba::img
