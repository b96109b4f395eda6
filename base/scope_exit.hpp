// Undo declared beside do: runs its function when the scope is left, unless kept.
#pragma once
#include <utility>

namespace estiba {

template <typename F>
class [[nodiscard]] ScopeExit {
 public:
  explicit ScopeExit(F undo) : undo_(std::move(undo)) {}
  ScopeExit(const ScopeExit&) = delete;
  ScopeExit& operator=(const ScopeExit&) = delete;
  ~ScopeExit() {
    if (!kept_) undo_();
  }
  /// What was done stays.
  void keep() { kept_ = true; }

 private:
  F undo_;
  bool kept_ = false;
};

}  // namespace estiba
