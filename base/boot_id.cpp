#include "base/boot_id.hpp"

#include "base/fs.hpp"
#include "base/text.hpp"

namespace estiba {

const std::string& boot_id() {
  static const std::string id(text::trim(fs::read_all("/proc/sys/kernel/random/boot_id")));
  return id;
}

}  // namespace estiba
