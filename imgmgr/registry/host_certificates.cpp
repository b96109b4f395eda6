#include "imgmgr/registry/host_certificates.hpp"

#include "base/error.hpp"
#include "base/fs.hpp"

namespace estiba::img {
namespace {

constexpr const char* folders[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};

void add_files(const std::string& folder, HttpTls& tls) {
  for (const auto& name : fs::list_dir(folder)) {
    std::string path = fs::join(folder, name);
    if (name.ends_with(".crt") && (tls.ca_file.empty() || name == "ca.crt")) tls.ca_file = path;
    if (!name.ends_with(".cert")) continue;
    std::string key = cat(path.substr(0, path.size() - 4), "key");
    if (!fs::exists(key)) throw Error(cat(path, " has no key beside it: ", key, " is missing"));
    tls.cert_file = path;
    tls.key_file = key;
  }
}

}  // namespace

HttpTls tls_for(const std::string& authority, Trust trust) {
  HttpTls out;
  for (const char* folder : folders) add_files(fs::join(folder, authority), out);
  // An authority that was put there for this host is there to be used.
  out.verify = trust == Trust::verified || !out.ca_file.empty();
  return out;
}

}  // namespace estiba::img
