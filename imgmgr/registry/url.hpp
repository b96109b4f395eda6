// Addresses, as far as registries need them (RFC 3986). Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace estiba::img {

/// An address that http or https can be spoken to, and that no two readers understand differently:
/// without a user, blanks, backslashes, control characters or a host of other than plain letters.
class Address {
 public:
  static std::optional<Address> parse(std::string_view text);

  const std::string& text() const { return text_; }
  /// "https://host:443": scheme, host and port, in lower case; what may see the same credentials.
  const std::string& origin() const { return origin_; }
  /// "host" or "host:port", as written.
  const std::string& authority() const { return authority_; }
  /// "host", in lower case.
  const std::string& host() const { return host_; }
  bool secure() const { return secure_; }

 private:
  Address() = default;
  std::string text_, origin_, authority_, host_;
  bool secure_ = false;
};

/// What `reference` (absolute, or beginning with "//", "/", or none of them) means at `base`.
std::string resolve_url(std::string_view base, std::string_view reference);
/// Where an answer's Location leads from `base`. An Error, in which `who` gave it, if that is no
/// address, or would leave TLS.
Address follow(const Address& base, std::string_view location, const std::string& who);
/// Percent-encoded for a query.
std::string url_encoded(std::string_view text);
/// "?name=value" or "&name=value" added, the value encoded.
std::string with_query(std::string url, std::string_view name, std::string_view value);

}  // namespace estiba::img
