// Addresses, as far as redirects and uploads need them (RFC 3986). Pure.
#pragma once
#include <string>
#include <string_view>

namespace estiba::img {

/// "https://host:443": scheme, host and port; what may see the same credentials. Lower case.
std::string origin_of(std::string_view url);
/// "host" or "host:port", as written.
std::string authority_of(std::string_view url);
/// What `reference` (absolute, or beginning with "//", "/", or none of them) means at `base`.
std::string resolve_url(std::string_view base, std::string_view reference);
/// Percent-encoded for a query.
std::string url_encoded(std::string_view text);
/// "?name=value" or "&name=value" added, the value encoded.
std::string with_query(std::string url, std::string_view name, std::string_view value);

}  // namespace estiba::img
