#include "scheduler/selector.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"

namespace estiba::scheduler {
namespace {

/// Of several with one number, as an interrupted recreation leaves them, the best comes first.
auto by_number(const Candidate& candidate) {
  const ObservedContainer& c = *candidate.container;
  return std::tuple(c.number, candidate.obsolete.has_value(), !is_active(c),
                    std::string_view{c.id});
}

auto by_removal(const Candidate& candidate) {
  return std::tuple(!candidate.obsolete.has_value(), -candidate.container->number);
}

std::string scale_text(size_t from, size_t to) {
  return cat("scale ", std::to_string(from), " -> ", std::to_string(to));
}

void drop_duplicates(Selection& selection) {
  std::vector<Candidate> unique;
  for (Candidate& candidate : selection.kept) {
    bool twice = !unique.empty() && unique.back().container->number == candidate.container->number;
    if (twice) {
      selection.surplus.push_back(
          {candidate.container, cat("a second ", unique.back().container->service, " number ",
                                    std::to_string(candidate.container->number))});
    } else {
      unique.push_back(std::move(candidate));
    }
  }
  selection.kept = std::move(unique);
}

void scale_down(Selection& selection, size_t wanted) {
  if (selection.kept.size() <= wanted) return;
  std::string cause = scale_text(selection.kept.size(), wanted);
  std::ranges::sort(selection.kept, {}, by_removal);
  auto first_kept =
      selection.kept.begin() + static_cast<std::ptrdiff_t>(selection.kept.size() - wanted);
  for (auto it = selection.kept.begin(); it != first_kept; ++it) {
    selection.surplus.push_back({it->container, cause});
  }
  selection.kept.erase(selection.kept.begin(), first_kept);
  std::ranges::sort(selection.kept, {}, by_number);
}

void scale_up(Selection& selection, size_t wanted) {
  size_t present = selection.kept.size();
  selection.cause_of_missing = present == 0 ? "not created yet" : scale_text(present, wanted);
  auto used = selection.kept.begin();
  for (int number = 1; present < wanted; ++number) {
    while (used != selection.kept.end() && used->container->number < number) ++used;
    if (used != selection.kept.end() && used->container->number == number) continue;
    selection.missing.push_back(number);
    ++present;
  }
}

}  // namespace

Selection select_replicas(std::vector<Candidate> candidates, int wanted) {
  auto count = static_cast<size_t>(std::max(wanted, 0));
  Selection selection;
  selection.kept = std::move(candidates);
  std::ranges::sort(selection.kept, {}, by_number);
  drop_duplicates(selection);
  scale_down(selection, count);
  scale_up(selection, count);
  return selection;
}

}  // namespace estiba::scheduler
