#include "imgmgr/registry/login.hpp"

#include "base/error.hpp"
#include "imgmgr/registry/registries_conf.hpp"
#include "imgmgr/registry/remote.hpp"

namespace estiba::img {

std::string login_host(const std::string& server) {
  if (server.empty()) return "docker.io";
  std::string host = server;
  if (size_t scheme = host.find("://"); scheme != host.npos) host.erase(0, scheme + 3);
  host = host.substr(0, host.find('/'));
  bool hub = host == "index.docker.io" || host == "registry-1.docker.io";
  if (host.empty()) throw Error(cat("\"", server, "\" names no registry"));
  return hub ? "docker.io" : host;
}

void check_login(const std::string& host, const Credentials& credentials,
                 const std::stop_token& stop) {
  Endpoint endpoint = main_endpoint(load_registries_conf(), {host, "", "", ""});
  endpoint.repository.clear();
  Remote remote({endpoint, "", credentials, stop});
  HttpClient client;
  RemoteAnswer answer = remote.send(client, {"/v2/"});
  if (answer.success()) return;
  if (answer.http.status == 401 || answer.http.status == 403)
    throw Error(cat(host, " refuses this name and password"));
  remote.refuse(answer, "login");
}

}  // namespace estiba::img
