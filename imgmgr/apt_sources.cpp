// Reads apt's sources (sources.list(5), both styles) and picks those that make a Debian.
#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "imgmgr/bootstrap.hpp"

namespace estiba::img {
namespace {

constexpr std::string_view blanks = " \t\r";

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  for (auto& word : text::split(text, ' '))
    if (std::string_view trimmed = text::trim(word); !trimmed.empty()) out.emplace_back(trimmed);
  return out;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

// deb [options] uri suite components...
std::optional<AptSource> parse_line(std::string_view line) {
  line = text::trim(without_comment(line));
  if (!line.starts_with("deb ") && !line.starts_with("deb\t")) return std::nullopt;
  line = text::trim(line.substr(3));
  AptSource source;
  if (line.starts_with('[')) {
    size_t close = line.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    source.options = line.substr(0, close + 1);
    line = line.substr(close + 1);
  }
  auto words = words_of(line);
  if (words.size() < 3) return std::nullopt;
  source.uri = words[0];
  source.suites = {words[1]};
  source.components.assign(words.begin() + 2, words.end());
  return source;
}

using Stanza = std::map<std::string, std::string>;

void add_sources(const Stanza& stanza, std::vector<AptSource>& out) {
  auto field = [&](const char* name) {
    auto found = stanza.find(name);
    return found == stanza.end() ? std::string() : found->second;
  };
  auto types = words_of(field("types"));
  if (std::find(types.begin(), types.end(), "deb") == types.end() || field("enabled") == "no")
    return;
  // A key written into the file itself (many lines) cannot be told in one line.
  std::string signed_by(text::trim(field("signed-by")));
  std::string options = signed_by.starts_with('/') ? "[signed-by=" + signed_by + "]" : "";
  for (const auto& uri : words_of(field("uris")))
    out.push_back({options, uri, words_of(field("suites")), words_of(field("components"))});
}

bool is_debians_own(const AptSource& source) {
  return source.options.find("signed-by") == std::string::npos ||
         source.options.find("debian-archive") != std::string::npos;
}

bool belongs_to(const std::string& suite, const std::string& base) {
  return suite == base || suite == base + "-updates" || suite == base + "-security";
}

std::string base_suite(const std::string& suite) {
  return suite.substr(0, suite.find_first_of("-/"));
}

}  // namespace

std::vector<AptSource> parse_one_line_sources(std::string_view text) {
  std::vector<AptSource> out;
  for (const auto& line : text::split(text, '\n'))
    if (auto source = parse_line(line)) out.push_back(*source);
  return out;
}

std::vector<AptSource> parse_deb822_sources(std::string_view text) {
  std::vector<AptSource> out;
  Stanza stanza;
  std::string field;
  for (const auto& line : text::split(text, '\n')) {
    if (line.starts_with('#')) continue;
    if (text::trim(line).empty()) {
      add_sources(stanza, out);
      stanza.clear();
    } else if (blanks.find(line.front()) != std::string_view::npos) {
      stanza[field] += " " + std::string(text::trim(line));
    } else if (size_t colon = line.find(':'); colon != std::string::npos) {
      field = text::lower(line.substr(0, colon));
      stanza[field] = text::trim(std::string_view(line).substr(colon + 1));
    }
  }
  add_sources(stanza, out);
  return out;
}

std::optional<DebianMirror> choose_mirror(const std::vector<AptSource>& sources,
                                          const std::string& host_suite) {
  DebianMirror out{host_suite, {}};
  for (const auto& source : sources) {
    const auto& components = source.components;
    bool has_main = std::find(components.begin(), components.end(), "main") != components.end();
    if (!has_main || !is_debians_own(source)) continue;
    for (const auto& suite : source.suites) {
      if (out.suite.empty()) out.suite = base_suite(suite);
      if (!belongs_to(suite, out.suite)) continue;
      std::string options = source.options.empty() ? "" : source.options + " ";
      std::string line = "deb " + options + source.uri + " " + suite + " main";
      auto place = suite == out.suite ? out.lines.begin() : out.lines.end();
      out.lines.insert(place, line);
    }
  }
  if (out.lines.empty()) return std::nullopt;
  return out;
}

}  // namespace estiba::img
