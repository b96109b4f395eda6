// `extends`: a service takes over what another one says, from the same file or another, along
// chains of any length.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <unordered_map>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "compose-spec/as_written.hpp"
#include "compose-spec/canonical/canonical.hpp"
#include "compose-spec/merge.hpp"
#include "compose-spec/model.hpp"

namespace estiba::spec {
namespace {

// The services of one file that others may extend.
struct ServiceFile {
  std::string path;
  std::string directory;
  Node services;
  std::unordered_map<std::string, size_t> places = {};
  /// As read, neither checked nor canonical: only what is extended of it matters to us.
  bool raw = false;
  /// Services of it that are checked, canonical and complete.
  std::set<std::string> done = {};

  Node* find(const std::string& name) {
    Mapping& entries = *services.mapping();
    for (size_t i = places.size(); i < entries.size(); ++i) places.emplace(entries[i].key, i);
    auto found = places.find(name);
    return found == places.end() ? nullptr : &entries[found->second].value;
  }
};

// Longer chains are a mistake, or meant to exhaust the stack.
constexpr size_t longest_chain = 500;

class Extender {
 public:
  Extender(Session& session, const FileContext& context)
      : session_(session), context_(context), sound_(!session.report.failed()) {}

  /// The service of that name with everything it extends merged beneath it.
  void resolve(ServiceFile& file, Node& service, const std::string& name) {
    const Node* found = service.find("extends");
    if (!found || !found->is_mapping()) return;
    Node extends = *found;
    service.erase("extends");
    std::string id = cat(file.path, " ", name);
    if (std::find(chain_.begin(), chain_.end(), id) != chain_.end())
      return report_cycle(extends.span, name);
    if (chain_.size() >= longest_chain)
      return session_.report.error(extends.span, Path("services"),
                                   "extends goes on over more than 500 services",
                                   "shorten the chain");
    chain_.push_back(id);
    names_.push_back(name);
    if (auto base = base_of(file, extends, name)) {
      if (!session_.schema.interpolated) make_alike(*base, service, types::service);
      drop_empty_overrides(service, *base, types::service);
      Node resets = resets_in(service);
      merge(*base, std::move(service), types::service, Path(name), session_.report);
      service = std::move(*base);
      put_back(std::move(resets), service);
    }
    chain_.pop_back();
    names_.pop_back();
    if (!sound_) return;
    check_empty(service, types::service, Path(Path("services"), name), session_.schema,
                session_.report);
  }

 private:
  // One circle is met from each of its services; it is told once.
  void report_cycle(Span span, const std::string& name) {
    bool known = std::any_of(chain_.begin(), chain_.end(),
                             [&](const std::string& id) { return circular_.contains(id); });
    circular_.insert(chain_.begin(), chain_.end());
    if (known) return;
    session_.report.error(
        span, Path("services"),
        cat("extends goes round in a circle: ", text::join(names_, " -> "), " -> ", name));
  }

  std::optional<Node> base_of(ServiceFile& file, const Node& extends, const std::string& name) {
    const Node* service = extends.find("service");
    const Node* other = extends.find("file");
    if (!service) {
      session_.report.error(extends.span, Path(cat("services.", name, ".extends")),
                            "attribute \"service\" is missing", "name the service to extend");
      return std::nullopt;
    }
    ServiceFile* from = other ? open(scalar_text(*other), *other, file) : &file;
    if (!from) return std::nullopt;
    std::string base_name = scalar_text(*service);
    Node* found = from->find(base_name);
    if (!found) {
      session_.report.error(service->span, Path(cat("services.", name, ".extends")),
                            cat("there is no service \"", base_name, "\" in ", from->path),
                            near(base_name, from->services));
      return std::nullopt;
    }
    if (from->done.contains(base_name)) return *found;
    Node base = *found;
    if (!base.is_mapping()) base = Node{Mapping(), found->span};
    if (from->raw) prepare(base, *from, base_name);
    bool circular = !circular_.empty();
    resolve(*from, base, base_name);
    settle_tags(base);
    if (circular || !circular_.empty()) return base;
    // What others extend too is put together once.
    *found = base;
    from->done.insert(base_name);
    return base;
  }

  static std::string near(const std::string& name, const Node& services) {
    std::vector<std::string> names;
    if (auto* entries = services.mapping())
      for (const Entry& entry : *entries) names.push_back(entry.key);
    auto found = text::nearest(name, names);
    return found ? cat("did you mean \"", *found, "\"?") : std::string();
  }

  // Only the service that is wanted of another file is checked; the rest is not our business.
  void prepare(Node& service, const ServiceFile& from, const std::string& name) {
    Path services("services");
    Path path(services, name);
    size_t errors = session_.report.errors();
    validate(service, types::service, path, session_.schema, session_.report);
    if (session_.report.errors() > errors) {
      service = Node{Mapping(), service.span};
      return;
    }
    canonicalise(service, types::service, path, session_.schema, session_.report);
    unify(service, types::service);
    Node* extends = service.find("extends");
    Node kept = extends ? *extends : Node();
    resolve_paths(service, types::service, {directory_of(from), session_.home});
    if (extends) *service.find("extends") = kept;
  }

  // What paths of that file start from; seen from the project if paths are to stay relative.
  std::string directory_of(const ServiceFile& from) const {
    if (session_.resolve_paths) return from.directory;
    return std::filesystem::path(from.directory).lexically_relative(context_.directory);
  }

  ServiceFile* open(const std::string& written, const Node& where, const ServiceFile& from) {
    std::string path = absolute_path(written, {from.directory, session_.home});
    for (auto& file : files_)
      if (file->path == path) return file.get();
    Path at("extends");
    try {
      auto file = std::make_unique<ServiceFile>();
      file->path = path;
      file->raw = true;
      file->directory = fs::parent_path(path);
      file->services = Node{Mapping(), where.span};
      for (Node& document : read_documents(session_, path, context_))
        if (Node* services = document.find("services"); services && services->is_mapping())
          for (Entry& entry : *services->mapping())
            file->services.mapping()->push_back(std::move(entry));
      files_.push_back(std::move(file));
      return files_.back().get();
    } catch (const Error& error) {
      session_.report.error(where.span, at, error.message());
      return nullptr;
    }
  }

  Session& session_;
  const FileContext& context_;
  /// Otherwise a value that is not there may have been taken out for a mistake.
  const bool sound_;
  std::vector<std::unique_ptr<ServiceFile>> files_;
  std::vector<std::string> chain_, names_;
  std::set<std::string> circular_;
};

}  // namespace

void resolve_extends(Session& session, Node& document, const std::string& file,
                     const FileContext& context) {
  Node* services = document.find("services");
  if (!services || !services->is_mapping()) return;
  auto extends = [](const Entry& entry) { return entry.value.find("extends") != nullptr; };
  Mapping& entries = *services->mapping();
  if (std::none_of(entries.begin(), entries.end(), extends)) return;

  Extender extender(session, context);
  ServiceFile self{file, context.directory, *services};
  for (Entry& entry : entries) extender.resolve(self, entry.value, entry.key);
}

}  // namespace estiba::spec
