#include "compose-spec/model.hpp"

#include <filesystem>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "compose-spec/as_written.hpp"
#include "compose-spec/canonical/canonical.hpp"
#include "compose-spec/consistency.hpp"
#include "compose-spec/defaults.hpp"
#include "compose-spec/dotenv.hpp"
#include "compose-spec/files.hpp"
#include "compose-spec/merge.hpp"
#include "compose-spec/normalise.hpp"
#include "compose-spec/sound.hpp"
#include "compose-spec/yaml_reader.hpp"

namespace estiba::spec {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::string read_source(const std::string& file) {
  if (file == "-") return read_standard_input();
  auto text = read_text_file(file);
  if (!text) throw Error(cat("Compose file ", file, " does not exist"));
  if (text->starts_with(byte_order_mark)) text->erase(0, byte_order_mark.size());
  return std::move(*text);
}

void warn_version(Session& session, Node& document) {
  const Node* version = document.find("version");
  if (!version) return;
  session.report.warning(version->span, Path(), "the attribute \"version\" is obsolete and ignored",
                         "remove it");
  document.erase("version");
}

}  // namespace

const std::string& Session::text_of(const std::string& file) {
  auto found = texts_.find(file);
  if (found == texts_.end()) found = texts_.emplace(file, read_source(file)).first;
  return found->second;
}

std::vector<Node> read_documents(Session& session, const std::string& file,
                                 const FileContext& context) {
  uint32_t source =
      session.sources.add(file == "-" ? "standard input" : file, session.text_of(file));
  bool failed = session.report.failed();
  std::vector<Node> documents = read_yaml(session.sources, source, session.report);
  if (!failed && session.report.failed()) session.whole = false;
  std::erase_if(documents, [](const Node& node) { return node.is_null(); });
  for (Node& document : documents) {
    if (session.collect_variables) collect_variables(document, session.variables);
    if (session.interpolate)
      interpolate(document, context.environment, session.log, session.report);
    if (document.is_mapping()) continue;
    session.whole = false;
    session.report.error(document.span, Path(),
                         cat("a Compose file is a mapping, not ", kind_name(document)),
                         "begin it with \"services:\"");
  }
  std::erase_if(documents, [](const Node& node) { return !node.is_mapping(); });
  return documents;
}

void make_canonical(Session& session, Node& document) {
  const Type& type = compose_file_type();
  canonicalise(document, type, Path(), session.schema, session.report);
  unify(document, type);
}

namespace {

struct FileInModel {
  const std::string& path;
  const FileContext& context;
};

void add_canonical(Session& session, Node& model, Node document, const FileInModel& file) {
  make_canonical(session, document);
  if (session.report.failed()) drop_faulty(document, session.report);
  warn_version(session, document);
  resolve_extends(session, document, file.path, file.context);
  // In an override file, what is included overrides too.
  resolve_includes(session, document, file.context);
  merge(model, std::move(document), compose_file_type(), Path(), session.report);
}

// What is extended and included must be known, whatever form the rest keeps.
void canonicalise_references(Session& session, Node& document) {
  auto rewrite = [&](Node& node, const Type& type) {
    canonicalise(node, type, Path(), session.schema, session.report);
  };
  if (Node* include = document.find("include"))
    rewrite(*include, *type_of_member(compose_file_type(), "include"));
  Node* services = document.find("services");
  if (!services || !services->is_mapping()) return;
  for (Entry& service : *services->mapping())
    if (Node* extends = service.value.find("extends"))
      rewrite(*extends, *type_of_member(types::service, "extends"));
}

// Without interpolation, forms are made canonical once all that is to meet has met.
void add_as_written(Session& session, Node& model, Node document, const FileInModel& file) {
  const Type& type = compose_file_type();
  warn_version(session, document);
  canonicalise_references(session, document);
  resolve_extends(session, document, file.path, file.context);
  resolve_includes(session, document, file.context);
  make_alike(model, document, type);
  merge(model, std::move(document), type, Path(), session.report);
  unify(model, type);
  unify_pairs(model, type);
  make_canonical(session, model);
}

// A list of variables is completed here; a mapping of them not before it is normalised.
void resolve_environment(const Session& session, Node& model, const Environment& environment) {
  Node* services = model.find("services");
  if (!services || !services->is_mapping()) return;
  for (Entry& service : *services->mapping()) {
    Node* variables = service.value.find("environment");
    if (variables && (session.schema.interpolated || variables->is_sequence()))
      take_values(*variables, environment, Unset::kept);
  }
}

}  // namespace

Node load_model(Session& session, const std::vector<std::string>& files,
                const FileContext& context) {
  Node model{Mapping(), {}};
  const Type& type = compose_file_type();
  for (const std::string& file : files) {
    for (Node& document : read_documents(session, file, context)) {
      if (model.span.source == 0) model.span = document.span;
      if (!session.schema.interpolated) make_alike(model, document, type);
      drop_empty_overrides(document, model, type);
      validate(document, type, Path(), session.schema, session.report);
      if (session.report.failed() &&
          !keep_sound(document, session.schema, session.sources, session.report)) {
        session.whole = false;
        continue;
      }
      auto* add = session.schema.interpolated ? add_canonical : add_as_written;
      add(session, model, std::move(document), {file, context});
    }
  }
  if (!session.whole) return model;
  if (model.span.source == 0 && !session.report.failed())
    session.report.error({session.sources.size(), 1, 1}, Path(), "this file is empty",
                         "begin it with \"services:\"");
  settle_tags(model);
  // What was taken out for its mistakes is not missing.
  if (!session.report.failed()) check_required(model, type, Path(), session.report);
  apply_defaults(model, session.schema);
  // Of what is included, too, once.
  if (context.root.empty()) check_values(model, session.report);
  if (session.resolve_paths) {
    spec::resolve_paths(model, type, {context.directory, session.home});
  } else if (!context.root.empty()) {
    // Paths that stay relative are seen from the file that includes this one.
    std::filesystem::path directory(context.directory);
    spec::resolve_paths(model, type, {directory.lexically_relative(context.root), session.home});
  }
  resolve_environment(session, model, context.environment);
  return model;
}

std::vector<std::pair<std::string, std::string>> read_env_file(Session& session,
                                                               const EnvFile& file, Span span,
                                                               const Path& path,
                                                               const Environment& environment) {
  DotenvOptions options;
  options.lookup = [&](const std::string& name) {
    auto found = environment.find(name);
    return found == environment.end() ? nullptr : &found->second;
  };
  options.unset = [&](const std::string& name) {
    if (session.log.warned.insert(name).second)
      session.report.warning(span, path,
                             cat("the variable \"", name, "\" is not set and becomes empty"));
  };
  try {
    auto text = read_text_file(file.path);
    if (!text && file.required)
      session.report.error(span, path, cat("env file ", file.path, " does not exist"),
                           "create it, or write required: false");
    if (!text) return {};
    return file.raw ? parse_raw_env(*text, options) : parse_dotenv(*text, options);
  } catch (const DotenvError& error) {
    session.report.error(span, path,
                         cat(file.path, ":", std::to_string(error.line), ":",
                             std::to_string(error.column), ": ", error.message),
                         error.hint);
  } catch (const Error& error) {
    session.report.error(span, path, cat("env file ", error.message()));
  }
  return {};
}

}  // namespace estiba::spec
