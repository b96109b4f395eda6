#include "base/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  // Fetched once: a fetch per digest is slow in OpenSSL 3.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (!state_->context || !EVP_DigestInit_ex(state_->context, algorithm, nullptr))
    throw Error("OpenSSL offers no SHA-256 on this machine");
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view data) {
  EVP_DigestUpdate(state_->context, data.data(), data.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(state_->context, digest.data(), nullptr);
  return text::hex(digest);
}

std::string Sha256::of(std::string_view data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace estiba
