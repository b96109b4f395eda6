// One registry, as one repository of it is spoken to (OCI distribution specification, version 2):
// HTTP or HTTPS, authentication, redirects, and trying again what may work later. What the answers
// mean is for others. Threads share it, each with an HttpClient of its own.
#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "imgmgr/http.hpp"
#include "imgmgr/registry/challenge.hpp"
#include "imgmgr/registry/credentials.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/url.hpp"

namespace estiba::img {

struct RemoteRequest {
  std::string target;  ///< "/v2/...", or an address that the registry gave
  std::string method = "GET";
  std::vector<std::string> headers = {};
  std::optional<HttpBody> body = {};
};

struct RemoteAnswer {
  HttpResponse http;
  std::string refusal = {};  ///< the body, where it is not what was asked for; its beginning
  /// Whom else a redirect led to, whose word on credentials does not count; empty: to nobody.
  std::string stranger = {};
  bool success() const { return http.status >= 200 && http.status < 300; }
};

struct RemoteParts {
  Endpoint endpoint;
  std::string actions;  ///< of the repository: "pull" or "pull,push"
  std::optional<Credentials> credentials = {};
  std::stop_token stop = {};
};

class Remote {
 public:
  explicit Remote(RemoteParts parts);

  /// Asks until there is an answer worth having. The bodies of successful ones go to `sink`.
  RemoteAnswer send(HttpClient& client, const RemoteRequest& request, const HttpSink& sink);
  RemoteAnswer send(HttpClient& client, const RemoteRequest& request);
  /// Finds out whether there is a registry; an Error says why not. `send` does it first.
  void connect(HttpClient& client);

  /// "/v2/REPOSITORY/" and what follows.
  std::string path(const std::string& rest) const;
  /// Where the Location leads that the registry has answered to a target with; an Error if it leads
  /// nowhere safe.
  std::string follow_from(const std::string& target, const std::string& location) const;
  /// From now on tokens are to be good for pulling from this repository as well.
  void add_source(const std::string& repository);
  /// An Error: what the answer means, `what` being what was asked for.
  [[noreturn]] void refuse(const RemoteAnswer& answer, const std::string& what) const;
  void check_stopped() const;
  /// Waits, unless stopped.
  void pause(std::chrono::milliseconds time) const;

  const Endpoint& endpoint() const { return parts_.endpoint; }
  const std::stop_token& stop() const { return parts_.stop; }

 private:
  std::optional<std::string> failure_at(HttpClient& client, const std::string& base);
  RemoteAnswer once(HttpClient& client, const RemoteRequest& request, const HttpSink& sink);
  RemoteAnswer hop(HttpClient& client, const HttpRequest& request, const HttpSink& sink);
  RemoteAnswer patiently(const std::function<RemoteAnswer()>& attempt);
  std::string authorization(HttpClient& client);
  void renew_token(HttpClient& client);
  HttpRequest request_for_token() const;
  void learn(const RemoteAnswer& answer);
  bool learn_anew(const RemoteAnswer& answer);
  HttpTls tls(const std::string& url) const;
  bool is_own(const Address& address) const;

  RemoteParts parts_;
  std::mutex mutex_;
  std::string base_;  ///< "https://host"; empty: not connected yet
  std::optional<Challenge> challenge_;
  std::vector<std::string> scopes_;
  std::string token_;
  std::chrono::steady_clock::time_point token_end_;
};

}  // namespace estiba::img
