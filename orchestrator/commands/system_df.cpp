// system df: what the disk is used for, and how much of it nothing uses.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/units.hpp"
#include "orchestrator/cli/disk_use.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/ps_format.hpp"
#include "orchestrator/cli/session.hpp"
#include "orchestrator/cli/volume_rows.hpp"
#include "orchestrator/commands/list.hpp"
#include "orchestrator/ui/formatted.hpp"
#include "orchestrator/ui/table.hpp"

namespace estiba::orchestrator {
namespace {

constexpr Flag flags[] = {
    {'v', "verbose", Takes::nothing, "", "One line an image, container and volume"},
    {0, "format", Takes::value, "FORM", "table, json, a Go template, or \"table TEMPLATE\""},
};

std::string short_id(const std::string& id) {
  return id.substr(id.starts_with("sha256:") ? 7 : 0).substr(0, 12);
}

struct VolumeUse {
  std::string name;
  uint64_t size = 0;
  size_t links = 0;
};

struct Everything {
  std::vector<img::ImageRecord> images;
  std::vector<ContainerInfo> containers;
  std::vector<uint64_t> container_sizes;
  std::vector<VolumeUse> volumes;
  img::BuildCacheUse cache;
};

size_t links_of(const std::string& volume, const std::vector<ContainerInfo>& containers) {
  return static_cast<size_t>(
      std::count_if(containers.begin(), containers.end(), [&](const ContainerInfo& container) {
        return std::any_of(container.mounts.begin(), container.mounts.end(),
                           [&](const MountInfo& mount) { return mount.name == volume; });
      }));
}

Everything look(const Paths& paths) {
  Everything out;
  img::Images store(paths.root);
  out.images = store.list();
  out.cache = store.build_cache();
  out.containers = containers_of(paths, "");
  for (const ContainerInfo& container : out.containers)
    out.container_sizes.push_back(
        tree_size(cat(paths.root, "/containers/", container.id, "/upper")));
  for (const Json& row : volume_rows(paths, "")) {
    std::string name = row.at("Name");
    out.volumes.push_back({name, tree_size(row.at("Mountpoint")), links_of(name, out.containers)});
  }
  return out;
}

DiskUse of_containers(const Everything& all) {
  DiskUse out;
  for (size_t i = 0; i < all.containers.size(); ++i) {
    ++out.total;
    out.size += all.container_sizes[i];
    if (all.containers[i].running())
      ++out.active;
    else
      out.reclaimable += all.container_sizes[i];
  }
  return out;
}

DiskUse of_volumes(const Everything& all) {
  DiskUse out;
  for (const VolumeUse& volume : all.volumes) {
    ++out.total;
    out.size += volume.size;
    if (volume.links > 0)
      ++out.active;
    else
      out.reclaimable += volume.size;
  }
  return out;
}

Json summary_row(const char* type, const DiskUse& use) {
  std::string reclaimable = units::human_size(use.reclaimable);
  if (use.size > 0)
    reclaimable += cat(" (", std::to_string(use.reclaimable * 100 / use.size), "%)");
  return {{"Type", type},
          {"TotalCount", std::to_string(use.total)},
          {"Active", std::to_string(use.active)},
          {"Size", units::human_size(use.size)},
          {"Reclaimable", reclaimable}};
}

std::vector<Json> summary(const Everything& all) {
  return {summary_row("Images", sum_of_images(all.images, all.containers)),
          summary_row("Containers", of_containers(all)),
          summary_row("Local Volumes", of_volumes(all)),
          summary_row("Build Cache", {all.cache.steps, 0, all.cache.size, all.cache.size})};
}

std::string images_table(const Everything& all) {
  std::vector<ui::Row> lines{{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE",
                              "UNIQUE SIZE", "CONTAINERS"}};
  for (const ImageUse& image : image_uses(all.images, all.containers)) {
    std::string name = "<none>", tag = "<none>";
    if (auto reference = img::Reference::parse(image.reference)) {
      name = reference->familiar();
      if (!reference->tag.empty()) {
        tag = reference->tag;
        name = name.substr(0, name.rfind(':'));
      }
    }
    lines.push_back({name, tag, short_id(image.id), ago(image.created, wall_now()),
                     units::human_size(image.size), units::human_size(image.size - image.unique),
                     units::human_size(image.unique), std::to_string(image.containers)});
  }
  return cat("Images space usage:\n\n", ui::table(lines));
}

std::string containers_table(const Everything& all) {
  std::vector<ui::Row> lines{
      {"CONTAINER ID", "IMAGE", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"}};
  for (size_t i = 0; i < all.containers.size(); ++i) {
    const ContainerInfo& container = all.containers[i];
    auto named = std::count_if(container.mounts.begin(), container.mounts.end(),
                               [](const MountInfo& mount) { return !mount.name.empty(); });
    lines.push_back({short_id(container.id), container.image, std::to_string(named),
                     units::human_size(all.container_sizes[i]), ago(container.created, wall_now()),
                     container.state, container.name});
  }
  return cat("\nContainers space usage:\n\n", ui::table(lines));
}

std::string volumes_table(const Everything& all) {
  std::vector<ui::Row> lines{{"VOLUME NAME", "LINKS", "SIZE"}};
  for (const VolumeUse& volume : all.volumes)
    lines.push_back({volume.name, std::to_string(volume.links), units::human_size(volume.size)});
  return cat("\nLocal Volumes space usage:\n\n", ui::table(lines),
             "\nBuild cache usage: ", units::human_size(all.cache.size), " in ",
             std::to_string(all.cache.layers), " layers of ", std::to_string(all.cache.steps),
             " steps\n");
}

int run(const Invocation& invocation) {
  Everything all = look(invocation.paths);
  std::string format = invocation.arguments.value_or("format", "table");
  std::vector<Json> rows = summary(all);
  if (format != "table") return print(ui::formatted(format, rows)), 0;
  if (invocation.arguments.on("verbose"))
    return print(cat(images_table(all), containers_table(all), volumes_table(all))), 0;
  std::vector<ui::Row> lines{{"TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"}};
  for (const Json& row : rows)
    lines.push_back({row.at("Type"), row.at("TotalCount"), row.at("Active"), row.at("Size"),
                     row.at("Reclaimable")});
  print(ui::table(lines));
  return 0;
}

}  // namespace

extern const Command system_df_command{.name = "system df",
                                       .usage = "[OPTIONS]",
                                       .summary = "Show what the disk is used for",
                                       .flags = flags,
                                       .max_words = 0,
                                       .section = Section::host,
                                       .run = run};

}  // namespace estiba::orchestrator
