// Whose turn it is to fetch a layer, among the threads and processes that want the same one: the
// others wait, and then find it in the store. No more than a courtesy: who has waited for long goes
// ahead, and work is done twice.
#pragma once
#include <stop_token>
#include <string>

#include "base/unique_fd.hpp"
#include "imgmgr/store.hpp"

namespace estiba::img {

class LayerTurn {
 public:
  /// Returns when the turn has come, or `stop` is requested.
  LayerTurn(const Store& store, const Digest& diff_id, const std::stop_token& stop);

 private:
  UniqueFd file_;
};

}  // namespace estiba::img
