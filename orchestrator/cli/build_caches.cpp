// cache_from and cache_to of builds.
#include <map>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "base/text.hpp"
#include "orchestrator/cli/build_options.hpp"

namespace estiba::orchestrator {
namespace {

// "type=local,src=DIR"; without a type it is an image's name, as Docker has it.
std::map<std::string, std::string> attributes_of(const std::string& written) {
  if (written.find('=') == written.npos) return {{"type", "registry"}};
  std::map<std::string, std::string> out;
  for (const std::string& part : text::split(written, ',')) {
    size_t equals = part.find('=');
    if (equals == part.npos)
      throw Error(cat("cache \"", written, "\": \"", part, "\" has no value"));
    out[text::lower(part.substr(0, equals))] = part.substr(equals + 1);
  }
  return out;
}

struct Side {
  const char* name;       ///< "cache_from"
  const char* directory;  ///< "src"
  std::vector<std::string>& out;
};

void add_cache(img::BuildOptions& options, const std::string& written, const std::string& folder,
               const Side& side) {
  auto attributes = attributes_of(written);
  const std::string& type = attributes["type"];
  if (type.empty())
    throw Error(cat(side.name, " \"", written, "\" has no type; write type=local,", side.directory,
                    "=DIRECTORY"));
  if (type != "local") {
    options.notices.push_back(
        cat(side.name, ": type=", type, " is not in effect, but type=local is; ",
            "every step made on this host is remembered in its store anyway"));
    return;
  }
  const std::string& directory = attributes[side.directory];
  if (directory.empty())
    throw Error(cat(side.name, " \"", written, "\" says no ", side.directory, "=DIRECTORY"));
  side.out.push_back(fs::clean_path(fs::join(folder, directory)));
}

}  // namespace

void set_caches(img::BuildOptions& options, const CacheEntries& entries) {
  for (const std::string& written : entries.from)
    add_cache(options, written, entries.folder, {"cache_from", "src", options.cache_from});
  for (const std::string& written : entries.to)
    add_cache(options, written, entries.folder, {"cache_to", "dest", options.cache_to});
}

}  // namespace estiba::orchestrator
