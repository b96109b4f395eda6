// `include`: other Compose files, each a project of its own while it is loaded (own directory, own
// .env), whose services and resources then stand beside ours.
#include <algorithm>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/sys.hpp"
#include "base/text.hpp"
#include "compose-spec/files.hpp"
#include "compose-spec/model.hpp"

namespace estiba::spec {
namespace {

constexpr size_t deepest = 32;

struct Include {
  std::vector<std::string> files;
  std::string directory;
  std::string paths;  ///< what relative paths start from
  std::vector<std::string> env_files;
  Span span;
};

std::vector<std::string> texts(const Node* list) {
  std::vector<std::string> out;
  if (list && list->is_sequence())
    for (const Node& item : *list->sequence()) out.push_back(scalar_text(item));
  return out;
}

// A project directory that is not there lends its .env, if that is, but paths start above it.
std::string existing_directory(const std::string& directory) {
  auto status = sys::stat(directory);
  return status && S_ISDIR(status->st_mode) ? directory : fs::parent_path(directory);
}

Include parse(const Node& node, const FileContext& context, const std::string& home) {
  PathBase base{context.directory, home};
  Include include;
  include.span = node.span;
  for (const std::string& file : texts(node.find("path")))
    include.files.push_back(absolute_path(file, base));
  for (const std::string& file : texts(node.find("env_file")))
    include.env_files.push_back(absolute_path(file, base));
  const Node* directory = node.find("project_directory");
  if (directory && !scalar_text(*directory).empty()) {
    include.directory = absolute_path(scalar_text(*directory), base);
    include.paths = existing_directory(include.directory);
  } else if (!include.files.empty()) {
    include.directory = fs::parent_path(include.files[0]);
  }
  if (include.paths.empty()) include.paths = include.directory;
  return include;
}

// The same file under another name, through a symbolic link, is still the same file.
bool is_same_file(const std::string& a, const std::string& b) {
  if (a == b) return true;
  auto first = sys::stat(a);
  auto second = sys::stat(b);
  return first && second && first->st_dev == second->st_dev && first->st_ino == second->st_ino;
}

Environment environment_of(Session& session, const Include& include, const FileContext& context,
                           const Path& path) {
  std::vector<EnvFile> files;
  for (const std::string& file : include.env_files) files.push_back({file, true, false});
  if (files.empty()) files.push_back({fs::join(include.directory, ".env"), false, false});
  Environment environment = context.environment;
  Environment added;
  for (const EnvFile& file : files) {
    Environment known = environment;
    known.insert(added.begin(), added.end());
    for (auto& [name, value] : read_env_file(session, file, include.span, path, known))
      added[name] = value;
  }
  environment.insert(added.begin(), added.end());
  return environment;
}

void add_section(Session& session, Node& model, Entry section) {
  Node& target = model.at_or_add(section.key);
  if (target.is_null()) target = Node{Mapping(), section.value.span};
  if (!section.value.is_mapping() || !target.is_mapping()) return;
  KeyIndex known(*target.mapping());
  for (Entry& entry : *section.value.mapping()) {
    const Entry* met = known.find(entry.key);
    const Node* conflict = met ? &met->value : nullptr;
    if (!conflict) {
      known.add(std::move(entry));
    } else if (!same_value(*conflict, entry.value)) {
      Place other = session.sources.place(entry.key_span);
      session.report.error(conflict->span, Path(Path(section.key), entry.key),
                           cat("is also defined, differently, by the included file ", other.file,
                               " on line ", std::to_string(other.line)),
                           "rename one, or change it in an override file");
    }
  }
}

void load_one(Session& session, Node& model, const Include& include, const FileContext& context) {
  Path path("include");
  FileContext inner{include.paths, environment_of(session, include, context, path), context.chain,
                    context.directory};
  const std::string& main = include.files[0];
  bool again = std::any_of(inner.chain.begin(), inner.chain.end(),
                           [&](const std::string& file) { return is_same_file(file, main); });
  inner.chain.push_back(main);
  if (again || inner.chain.size() > deepest) {
    session.whole = false;
    session.report.error(
        include.span, path,
        cat("files include each other in a circle: ", text::join(inner.chain, " -> ")));
    return;
  }
  try {
    Node included = load_model(session, include.files, inner);
    for (Entry& section : *included.mapping())
      if (section.key != "name" && !section.key.starts_with("x-"))
        add_section(session, model, std::move(section));
  } catch (const Error& error) {
    session.whole = false;
    session.report.error(include.span, path, error.message());
  }
}

}  // namespace

void resolve_includes(Session& session, Node& model, const FileContext& context) {
  Node* found = model.find("include");
  if (!found || !found->is_sequence()) return;
  Sequence includes = std::move(*found->sequence());
  model.erase("include");
  for (const Node& node : includes) {
    Include include = parse(node, context, session.home);
    if (include.files.empty()) {
      session.report.error(node.span, Path("include"), "attribute \"path\" is missing");
    } else {
      load_one(session, model, include, context);
    }
  }
}

}  // namespace estiba::spec
