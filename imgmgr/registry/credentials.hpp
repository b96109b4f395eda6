// Credentials as Docker keeps them: config.json's auths, or the helper programs that credHelpers
// and credsStore name (docker-credential-NAME, spoken to over standard input and output).
#pragma once
#include <optional>
#include <string>
#include <variant>

namespace estiba::img {

struct Credentials {
  std::string user, password;
  std::string identity_token;  ///< instead of both: an OAuth2 refresh token
  bool operator==(const Credentials&) const = default;
};

/// What a config.json has for a host: nothing, credentials, or the helper that has them.
struct HelperName {
  std::string name;
  bool operator==(const HelperName&) const = default;
};
using Kept = std::variant<std::monostate, Credentials, HelperName>;
/// `host` as a reference names it; `path` is what errors call the file. Pure.
Kept kept_in(const std::string& config, const std::string& path, const std::string& host);

class CredentialStore {
 public:
  /// $DOCKER_CONFIG/config.json, or ~/.docker/config.json.
  CredentialStore();
  explicit CredentialStore(std::string config_file) : path_(std::move(config_file)) {}

  /// `host` as a reference names it ("docker.io", "127.0.0.1:5000"). Nothing if there are none.
  std::optional<Credentials> find(const std::string& host) const;
  /// Where they went: a helper's name, or the file.
  std::string put(const std::string& host, const Credentials& credentials) const;
  /// False if there were none.
  bool erase(const std::string& host) const;
  /// Whether what is put ends up as readable text in the file.
  bool keeps_plain_text(const std::string& host) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// RFC 4648, section 4.
std::string base64(std::string_view data);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace estiba::img
