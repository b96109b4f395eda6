// So many things at a time, of which no holder has more than a share: whoever floods us takes from
// himself. Pure.
#pragma once
#include <cstddef>
#include <map>
#include <memory>

namespace estiba::net {

template <typename Holder>
class Shares {
 public:
  struct Most {
    size_t together, each;
  };
  /// Taken as long as it lives.
  using Place = std::shared_ptr<const void>;

  explicit Shares(Most most) : most_(most), taken_(std::make_shared<Taken>()) {}

  /// Nothing if the holder's share, or all, is taken.
  Place take(const Holder& holder) {
    if (taken_->together >= most_.together) return nullptr;
    size_t& own = taken_->each[holder];
    if (own >= most_.each) return nullptr;
    ++own;
    ++taken_->together;
    return Place(taken_.get(), [taken = taken_, holder](const void*) { taken->give_back(holder); });
  }

 private:
  struct Taken {
    size_t together = 0;
    std::map<Holder, size_t> each;

    void give_back(const Holder& holder) {
      --together;
      auto own = each.find(holder);
      if (--own->second == 0) each.erase(own);
    }
  };

  Most most_;
  std::shared_ptr<Taken> taken_;
};

}  // namespace estiba::net
