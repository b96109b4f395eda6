// SHA-256 (FIPS 180-4) over OpenSSL, fed piece by piece.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace estiba {

class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::string_view data);
  /// 64 lower-case hexadecimal digits; the object is spent afterwards.
  std::string finish();

  static std::string of(std::string_view data);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace estiba
