// Bearer tokens, as the token servers of registries hand them out: by GET with a name and a
// password (or none), by POST with a refresh token.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "imgmgr/http.hpp"
#include "imgmgr/registry/challenge.hpp"
#include "imgmgr/registry/credentials.hpp"

namespace estiba::img {

struct Token {
  std::string text;
  std::chrono::seconds lifetime{60};
};

/// What to send to the realm that the challenge names, for these scopes.
HttpRequest token_request(const Challenge& challenge, const std::vector<std::string>& scopes,
                          const std::optional<Credentials>& credentials);
/// An Error if there is no token in the answer's body.
Token parse_token(const std::string& body, const std::string& realm);

}  // namespace estiba::img
