#include "scheduler/published_ports.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::scheduler {

std::vector<std::string> published_ports(const spec::Service& service) {
  std::vector<std::string> ports;
  for (const spec::Port& port : service.ports) {
    auto bounds = text::split(port.published, '-');
    auto first = text::to_int(bounds.front());
    auto last = text::to_int(bounds.back());
    if (!first || !last || *first < 1 || *last > 65535) continue;
    for (int64_t number = *first; number <= *last; ++number) {
      ports.push_back(cat(std::to_string(number), "/", port.protocol));
    }
  }
  return ports;
}

}  // namespace estiba::scheduler
