// `import -c`: Dockerfile instructions that change an image's configuration and nothing else.
#pragma once
#include <string>
#include <vector>

#include "imgmgr/images.hpp"

namespace estiba::img {

/// An Error names the change that is wrong. CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
/// ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME and WORKDIR are allowed.
ImageConfig apply_changes(ImageConfig config, const std::vector<std::string>& changes);

}  // namespace estiba::img
