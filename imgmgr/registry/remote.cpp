#include "imgmgr/registry/remote.hpp"

#include <condition_variable>
#include <random>

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/registry/host_certificates.hpp"
#include "imgmgr/registry/refusal.hpp"
#include "imgmgr/registry/retry.hpp"
#include "imgmgr/registry/token.hpp"

namespace estiba::img {
namespace {

using std::chrono::milliseconds;

constexpr int max_hops = 10;
constexpr int max_logins = 2;
constexpr size_t max_refusal = size_t{8} << 10;
constexpr size_t max_token_answer = size_t{256} << 10;
// Of bodies that nobody wants, so much is read; no registry has more to say.
constexpr size_t max_ignored = size_t{1} << 20;
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

HttpSink ignoring(const std::string& host) {
  return [host, count = size_t{0}](const HttpResponse&, std::string_view data) mutable {
    count += data.size();
    if (count > max_ignored) throw Error(cat(host, " answers without end"));
  };
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

std::string Remote::follow_from(const std::string& target, const std::string& location) const {
  const std::string& host = parts_.endpoint.host;
  return follow(follow(*Address::parse(base_), target, host), location, host).text();
}

bool Remote::is_own(const Address& address) const {
  auto base = Address::parse(base_);
  return base && base->origin() == address.origin();
}

HttpTls Remote::tls(const std::string& url) const {
  auto address = Address::parse(url);
  if (!address) throw Error(cat("\"", url, "\" is no address of a registry"));
  bool own = address->authority() == parts_.endpoint.host;
  Trust trust = own && parts_.endpoint.insecure ? Trust::anyone : Trust::verified;
  return tls_for(address->authority(), trust);
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
  HttpSink rest = ignoring(parts_.endpoint.host);
  answer.http = client.perform(sent, [&](const HttpResponse& head, std::string_view data) {
    if (head.status >= 200 && head.status < 300) return sink(head, data);
    rest(head, data);
    answer.refusal += data.substr(0, max_refusal - std::min(max_refusal, answer.refusal.size()));
  });
  check_stopped();
  return answer;
}

// Why there is no registry at this address; nothing if there is one.
std::optional<std::string> Remote::failure_at(HttpClient& client, const std::string& base) {
  RemoteAnswer answer = patiently(
      [&] { return hop(client, HttpRequest{cat(base, "/v2/")}, ignoring(parts_.endpoint.host)); });
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

// The realm is where the registry's own origin has said that its tokens are. Plain HTTP will do
// only where it will for the registry, and on the same machine.
HttpRequest Remote::request_for_token() const {
  const std::string& host = parts_.endpoint.host;
  auto realm = Address::parse(challenge_->value("realm"));
  if (!realm) throw Error(cat(host, " names a token server by what is no address"));
  auto base = Address::parse(base_);
  bool near = is_loopback(realm->authority()) || (base && realm->host() == base->host());
  if (!realm->secure() && !(parts_.endpoint.insecure && near))
    throw Error(cat(host, " wants credentials to be sent to ", realm->origin(),
                    " in plain text; that is refused"));
  return token_request(*challenge_, scopes_, parts_.credentials);
}

// Whether there is a way to authenticate: without one, asking again brings the same answer.
bool Remote::learn_anew(const RemoteAnswer& answer) {
  std::lock_guard lock(mutex_);
  learn(answer);
  token_.clear();
  return challenge_ && (parts_.credentials || challenge_->scheme == "bearer");
}

void Remote::renew_token(HttpClient& client) {
  HttpRequest request = request_for_token();
  std::string realm = Address::parse(request.url)->origin();
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
  if (!parts_.credentials || parts_.credentials->user.empty()) return "";
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

// One try with its redirects. What shows who we are goes to the registry's own origin alone, and no
// more once a redirect has led away from it, even if another leads back.
RemoteAnswer Remote::once(HttpClient& client, const RemoteRequest& request, const HttpSink& sink) {
  const std::string& host = parts_.endpoint.host;
  Address at = follow(*Address::parse(base_), request.target, host);
  bool follows = request.method == "GET" || request.method == "HEAD";
  std::string stranger;
  for (int hops = 0;; ++hops) {
    HttpRequest sent{at.text(), request.headers};
    sent.method = request.method;
    sent.body = request.body;
    if (stranger.empty() && !is_own(at)) stranger = at.origin();
    std::string header = stranger.empty() ? authorization(client) : "";
    if (!header.empty()) sent.headers.push_back(header);
    RemoteAnswer answer = hop(client, sent, sink);
    answer.stranger = stranger;
    std::string location = answer.http.header("location");
    if (!follows || !is_redirect(answer.http.status) || location.empty()) return answer;
    if (hops == max_hops) throw Error(cat(host, " redirects in a circle"));
    at = follow(at, location, host);
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
    if (answer.http.status == 401 && !answer.stranger.empty())
      throw Error(cat(parts_.endpoint.host, " leads to ", answer.stranger,
                      ", which asks for credentials; those for ", parts_.endpoint.login,
                      " are not sent there"));
    if (answer.http.status == 401 && ++logins <= max_logins) {
      if (learn_anew(answer)) continue;
      return answer;
    }
    bool broken = !answer.http.failure.empty() && !delivered && request.method != "PATCH";
    auto wait = broken ? retry_wait(count, std::nullopt, jitter()) : std::nullopt;
    if (!wait) return answer;
    pause(*wait);
  }
}

RemoteAnswer Remote::send(HttpClient& client, const RemoteRequest& request) {
  return send(client, request, ignoring(parts_.endpoint.host));
}

void Remote::refuse(const RemoteAnswer& answer, const std::string& what) const {
  const Endpoint& at = parts_.endpoint;
  std::string reason = told_reason(answer.refusal);
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
