// The layers beneath one that is being unpacked, topmost first: known, or to be asked for when
// first needed, which most layers never do.
#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace estiba::img {

class LowerLayers {
 public:
  using Source = std::function<std::vector<std::string>()>;

  LowerLayers() = default;
  LowerLayers(std::vector<std::string> known) : known_(std::move(known)) {}
  explicit LowerLayers(Source source) : source_(std::move(source)) {}

  const std::vector<std::string>& get() const {
    if (source_) known_ = std::exchange(source_, nullptr)();
    return known_;
  }

 private:
  mutable Source source_;
  mutable std::vector<std::string> known_;
};

}  // namespace estiba::img
