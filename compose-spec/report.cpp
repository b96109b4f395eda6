#include "compose-spec/report.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"
#include "base/text.hpp"
#include "compose-spec/scalar.hpp"

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

bool Report::full() const { return found_.size() >= most_findings; }

std::vector<Span> Report::error_spans() const {
  std::vector<Span> spans;
  for (const Found& found : found_)
    if (found.diagnostic.severity == Severity::error) spans.push_back(found.span);
  return spans;
}

void Report::error(Span span, const Path& path, std::string message, std::string hint) {
  add(Severity::error, span, path, std::move(message), std::move(hint));
}

void Report::warning(Span span, const Path& path, std::string message, std::string hint) {
  add(Severity::warning, span, path, std::move(message), std::move(hint));
}

std::string Report::written(const Node& scalar) const {
  std::string_view line = sources_.line(scalar.span);
  if (scalar.span.column == 0 || scalar.span.column > line.size()) return {};
  std::string_view text = line.substr(scalar.span.column - 1);
  for (std::string_view end : {" #", ", ", ",", "}", "]"}) text = text.substr(0, text.find(end));
  text = text::trim(text);
  return same_value(Node{resolve_plain(text), {}}, scalar) ? std::string(text) : std::string();
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
