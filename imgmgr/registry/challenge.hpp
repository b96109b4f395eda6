// WWW-Authenticate (RFC 9110, 11.6.1): what a registry wants to see. Pure.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace estiba::img {

struct Challenge {
  std::string scheme;                         ///< in lower case: "basic", "bearer"
  std::map<std::string, std::string> values;  ///< by lower-case name: realm, service, scope
  std::string value(const std::string& name) const;
};

/// What can be understood of a header's value; nothing of it is an error.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace estiba::img
