#include "imgmgr/registry/manifest_fetch.hpp"

#include "base/error.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {

FetchedManifest fetch_manifest(Remote& remote, HttpClient& client, const std::string& name,
                               const std::string& image) {
  auto wanted = Digest::parse(name);
  if (!wanted && is_digest(name))
    throw Error(cat(image,
                    " is named by a sha512 digest, which cannot be checked; name it by its "
                    "sha256 digest"));
  std::string text;
  RemoteRequest request{remote.path(cat("manifests/", name))};
  request.headers.push_back(manifest_accept_header());
  RemoteAnswer answer =
      remote.send(client, request, [&](const HttpResponse&, std::string_view data) {
        if (text.size() + data.size() > max_manifest_size)
          throw Error(
              cat(remote.endpoint().host, " sends a manifest larger than 4 MiB for ", image));
        text += data;
      });
  if (!answer.success() || !answer.http.failure.empty())
    remote.refuse(answer, wanted ? cat("manifest ", name) : cat("tag \"", name, "\""));
  FetchedManifest out{text, answer.http.header("content-type"), Digest::of(text)};
  // What the registry calls it counts only where nobody else has said what it must be.
  if (!wanted) wanted = Digest::parse(answer.http.header("docker-content-digest"));
  if (wanted && *wanted != out.digest)
    throw Error(cat(remote.endpoint().host, " sent a wrong manifest: it is ", out.digest,
                    ", and not ", *wanted));
  return out;
}

}  // namespace estiba::img
