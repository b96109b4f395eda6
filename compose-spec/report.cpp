#include "compose-spec/report.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"

namespace estiba::spec {
namespace {
constexpr size_t most_findings = 100;
}

void Report::add(Severity severity, Span span, const Path& path, std::string message,
                 std::string hint) {
  if (severity == Severity::error) ++errors_;
  if (found_.size() >= most_findings) {
    ++left_out_;
    return;
  }
  Diagnostic diagnostic{severity,           sources_.place(span), path.text(),
                        std::move(message), std::move(hint),      std::string(sources_.line(span))};
  auto same = [&](const Found& other) {
    return other.diagnostic.message == diagnostic.message &&
           other.diagnostic.place == diagnostic.place && other.diagnostic.path == diagnostic.path;
  };
  if (std::none_of(found_.begin(), found_.end(), same))
    found_.push_back({span, std::move(diagnostic)});
}

void Report::error(Span span, const Path& path, std::string message, std::string hint) {
  add(Severity::error, span, path, std::move(message), std::move(hint));
}

void Report::warning(Span span, const Path& path, std::string message, std::string hint) {
  add(Severity::warning, span, path, std::move(message), std::move(hint));
}

Diagnostics Report::take() {
  std::stable_sort(found_.begin(), found_.end(), [](const Found& a, const Found& b) {
    return std::tie(a.span.source, a.span.line, a.span.column) <
           std::tie(b.span.source, b.span.line, b.span.column);
  });
  Diagnostics out;
  for (Found& found : found_) out.push_back(std::move(found.diagnostic));
  if (left_out_ > 0)
    out.push_back({errors_ > 0 ? Severity::error : Severity::warning,
                   {},
                   "",
                   cat("and ", std::to_string(left_out_), " more findings like these"),
                   "",
                   ""});
  return out;
}

}  // namespace estiba::spec
