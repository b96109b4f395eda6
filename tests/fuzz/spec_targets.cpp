#include <map>
#include <string>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "compose-spec/canonical/canonical.hpp"
#include "compose-spec/cast.hpp"
#include "compose-spec/dotenv.hpp"
#include "compose-spec/loader.hpp"
#include "compose-spec/scalar.hpp"
#include "compose-spec/template.hpp"
#include "compose-spec/yaml_reader.hpp"
#include "promise.hpp"
#include "targets.hpp"

namespace estiba::fuzz {
namespace {

using namespace spec;

const std::map<std::string, std::string>& variables() {
  static const std::map<std::string, std::string> all{{"A", "a"}, {"EMPTY", ""}, {"D", "$A"}};
  return all;
}

const std::string* lookup(const std::string& name) {
  auto found = variables().find(name);
  return found == variables().end() ? nullptr : &found->second;
}

LoadOptions options_in(const std::string& directory) {
  LoadOptions options;
  options.current_directory = directory;
  options.environment = variables();
  options.project_name = std::string("p");
  return options;
}

}  // namespace

void feed_yaml_tree(std::string_view bytes) {
  Sources sources;
  Report report(sources);
  uint32_t source = sources.add("compose.yaml", std::string(bytes));
  read_yaml(sources, source, report);
  for (const Diagnostic& diagnostic : report.take()) promise(!to_text(diagnostic, "/").empty());
}

void feed_interpolation(std::string_view bytes) {
  std::map<std::string, Variable> found;
  collect_variables(bytes, found);
  try {
    std::string text = Template(lookup, [](const std::string&) {}).expand(bytes);
    promise(bytes.find('$') != std::string_view::npos || text == bytes);
  } catch (const TemplateError& error) {
    promise(error.at <= bytes.size() && !error.message.empty());
  }
}

void feed_dotenv(std::string_view bytes) {
  DotenvOptions options;
  options.lookup = lookup;
  for (auto parse : {parse_dotenv, parse_raw_env}) {
    try {
      for (const auto& [name, value] : parse(bytes, options)) promise(!name.empty());
    } catch (const DotenvError& error) {
      promise(error.line > 0 && error.column > 0 && !error.message.empty());
    }
  }
}

void feed_ports(std::string_view bytes) {
  Node item{std::string(bytes), {}};
  try {
    for (const Node& port : canonical::expand_port(item)) promise(port.find("target") != nullptr);
  } catch (const canonical::BadShortForm& bad) {
    promise(!bad.message.empty());
  }
  for (auto expand : {canonical::expand_volume, canonical::expand_device}) {
    try {
      promise(expand(item).is_mapping());
    } catch (const canonical::BadShortForm& bad) {
      promise(!bad.message.empty());
    }
  }
  try {
    canonical::split_command(bytes);
  } catch (const canonical::BadShortForm& bad) {
    promise(!bad.message.empty());
  }
}

void feed_durations(std::string_view bytes) {
  if (auto once = canonical_duration(bytes)) promise(canonical_duration(*once) == once);
  Node text{std::string(bytes), {}};
  for (Cast cast : {Cast::boolean, Cast::integer, Cast::real, Cast::bytes, Cast::file_mode,
                    Cast::device_count, Cast::text})
    cast_scalar(text, cast);
  if (auto time = parse_timestamp(bytes)) promise(parse_timestamp(*time) == time);
  promise(!std::holds_alternative<Sequence>(resolve_plain(bytes)));
}

void feed_load(std::string_view bytes) {
  static const Directory directory;
  fs::write_atomic(cat(directory.path(), "/compose.yaml"), std::string(bytes), 0644,
                   fs::Durability::relaxed);
  LoadOptions options = options_in(directory.path());
  Loaded loaded = load(options);
  for (const Diagnostic& diagnostic : loaded.diagnostics)
    promise(!to_text(diagnostic, directory.path()).empty());
  if (!loaded.project) return;
  promise(from_canonical_json(loaded.transfer_json) == *loaded.project);
}

void feed_model(std::string_view bytes) {
  answered([&] { from_canonical_json(std::string(bytes)); });
}

}  // namespace estiba::fuzz
