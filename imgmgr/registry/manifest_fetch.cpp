#include "imgmgr/registry/manifest_fetch.hpp"

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "imgmgr/digest.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {

FetchedManifest fetch_manifest(Remote& remote, HttpClient& client, const std::string& name,
                               const std::string& image) {
  FetchedManifest out;
  RemoteRequest request{remote.path(cat("manifests/", name))};
  request.headers.push_back(manifest_accept_header());
  RemoteAnswer answer =
      remote.send(client, request, [&](const HttpResponse&, std::string_view data) {
        if (out.text.size() + data.size() > max_manifest_size)
          throw Error(
              cat(remote.endpoint().host, " sends a manifest larger than 4 MiB for ", image));
        out.text += data;
      });
  if (!answer.success() || !answer.http.failure.empty())
    remote.refuse(answer, is_digest(name) ? cat("manifest ", name) : cat("tag \"", name, "\""));
  out.type = answer.http.header("content-type");
  out.digest = cat("sha256:", Sha256::of(out.text));
  std::string told = answer.http.header("docker-content-digest");
  std::string wanted = is_digest(name) ? name : told;
  if (!wanted.empty() && wanted.starts_with("sha256:") && wanted != out.digest)
    throw Error(cat(remote.endpoint().host, " sent a wrong manifest: it is ", out.digest,
                    ", and not ", wanted));
  return out;
}

}  // namespace estiba::img
