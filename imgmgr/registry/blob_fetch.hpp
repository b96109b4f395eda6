// Fetches a blob, hashing it on the way. A connection that breaks is taken up again where it broke
// (RFC 9110, 14: Range); content that is not what its digest says is an error.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "imgmgr/registry/remote.hpp"
#include "imgmgr/registry/remote_manifest.hpp"

namespace estiba::img {

/// The content is not what its digest says: asked for anew, it may be.
class WrongContent : public Error {
 public:
  using Error::Error;
};

void fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob,
                const std::function<void(std::string_view)>& sink);

/// Runs f, and once more if what it fetched was wrong: a proxy or a line may have damaged it.
template <typename F>
decltype(auto) trusting_twice(F&& f) {
  try {
    return f();
  } catch (const WrongContent&) {
    return f();
  }
}

/// A small blob, into memory; wrong content is asked for once more.
std::string fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob);

}  // namespace estiba::img
