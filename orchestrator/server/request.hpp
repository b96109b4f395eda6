// A request of the API, decoded. Whatever bytes a client sends, this ends in a request whose
// members have the types that docs/api.md gives them, or in an Error of one sentence: the methods
// need not look again, and nothing has been touched yet. Needs no server, so that a fuzzer can feed
// it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace estiba::orchestrator {

/// The longest request, in bytes: a project of thousands of services takes a tenth of it.
inline constexpr size_t longest_request = size_t{64} << 20;
/// Descriptors beside one request: a command's three streams.
inline constexpr size_t most_request_fds = 3;

struct Request {
  std::string method;
  Json params;
};

Request parse_request(std::string_view bytes);

/// An Error if the method does not take as many descriptors as came.
void refuse_descriptors(const Request& request, size_t count);

}  // namespace estiba::orchestrator
