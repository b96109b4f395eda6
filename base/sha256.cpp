#include "base/sha256.hpp"

#include <openssl/sha.h>

#include <array>

#include "base/text.hpp"

namespace estiba {

struct Sha256::State {
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) { ::SHA256_Init(&state_->context); }

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view data) {
  ::SHA256_Update(&state_->context, data.data(), data.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  ::SHA256_Final(digest.data(), &state_->context);
  return text::hex(digest);
}

std::string Sha256::of(std::string_view data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace estiba
