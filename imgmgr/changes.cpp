#include "imgmgr/changes.hpp"

#include "base/error.hpp"
#include "imgmgr/build/config_instruction.hpp"

namespace estiba::img {

ImageConfig apply_changes(ImageConfig config, const std::vector<std::string>& changes) {
  build::CmdOrigin cmd = build::CmdOrigin::inherited;
  auto apply_one = [&](const std::string& change) {
    auto statement = build::split_statement(change, '\\');
    auto instruction = build::parse_config_instruction(statement, '\\');
    if (!instruction)
      throw Error(cat(statement.keyword, " does not change an image's configuration"));
    auto lookup = [&](const std::string& name) { return build::variable(config.env, name); };
    build::apply(build::expand(*instruction, lookup, {}), config, cmd);
  };
  for (const auto& change : changes)
    with_context([&] { apply_one(change); }, "change \"", change, "\"");
  return config;
}

}  // namespace estiba::img
