// Collects what is wrong, with place, path and source line; the phases write to it and go on.
#pragma once
#include <string>
#include <vector>

#include "compose-spec/diagnostic.hpp"
#include "compose-spec/source.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

class Report {
 public:
  explicit Report(const Sources& sources) : sources_(sources) {}

  void error(Span span, const Path& path, std::string message, std::string hint = {});
  void warning(Span span, const Path& path, std::string message, std::string hint = {});
  /// A scalar as it was written, before YAML made a number or a date of it; empty if that cannot be
  /// told from the line.
  std::string written(const Node& scalar) const;
  /// So much is wrong already that a finding more is only counted: no suggestion need be looked
  /// for.
  bool full() const;
  /// Where the errors are.
  std::vector<Span> error_spans() const;
  size_t errors() const { return errors_; }
  bool failed() const { return errors_ > 0; }
  /// In the order of files and lines. A flood is cut off with a note of how many were left out.
  Diagnostics take();

 private:
  void add(Severity severity, Span span, const Path& path, std::string message, std::string hint);

  struct Found {
    Span span;
    Diagnostic diagnostic;
  };
  const Sources& sources_;
  std::vector<Found> found_;
  size_t errors_ = 0, left_out_ = 0;
};

}  // namespace estiba::spec
