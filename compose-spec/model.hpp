// One load in progress: what all phases share, and the phases that need files. A model is the
// canonical, merged tree of one or more files; loader.cpp calls its phases in order.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "compose-spec/interpolate.hpp"
#include "compose-spec/loader.hpp"
#include "compose-spec/paths.hpp"
#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"
#include "compose-spec/validate.hpp"

namespace estiba::spec {

struct Session {
  Sources sources;
  Report report{sources};
  SchemaOptions schema;
  bool interpolate = true;
  bool resolve_paths = true;
  bool collect_variables = true;
  /// Every file could be read, even if with mistakes: what is not there was not written.
  bool whole = true;
  std::string home;
  InterpolationLog log;
  std::map<std::string, Variable> variables;

  /// The text of a Compose file, read once (standard input cannot be read twice).
  const std::string& text_of(const std::string& file);

 private:
  std::map<std::string, std::string> texts_;
};

/// What a file is read with: its project's directory and environment, and the files that led to it.
struct FileContext {
  std::string directory;
  Environment environment;
  std::vector<std::string> chain;
  /// Of an included file: the directory of the one that includes it.
  std::string root = {};
};

/// Reads files in order, each merged over those before it: interpolated, checked, made canonical,
/// with `extends` and `include` resolved, paths absolute and values taken from the environment.
Node load_model(Session& session, const std::vector<std::string>& files,
                const FileContext& context);

/// The documents of one file: interpolated, and if `checked` validated and canonical too.
std::vector<Node> read_documents(Session& session, const std::string& file,
                                 const FileContext& context);
void make_canonical(Session& session, Node& document);

/// Replaces `extends` in each service by what it extends.
void resolve_extends(Session& session, Node& document, const std::string& file,
                     const FileContext& context);

/// Loads what `include` names and adds it to the model.
void resolve_includes(Session& session, Node& model, const FileContext& context);

/// Reads env files into variables, those of `environment` staying as they are. A file that is not
/// there is reported at `span` unless it is optional.
struct EnvFile {
  std::string path;
  bool required = true;
  bool raw = false;
};
std::vector<std::pair<std::string, std::string>> read_env_file(Session& session,
                                                               const EnvFile& file, Span span,
                                                               const Path& path,
                                                               const Environment& environment);

}  // namespace estiba::spec
