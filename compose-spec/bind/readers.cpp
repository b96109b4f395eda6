#include "base/text.hpp"
#include "base/units.hpp"
#include "compose-spec/bind/bind.hpp"

namespace estiba::spec::bind {

std::string text(const Node& node, std::string_view key) { return text_of(node, key); }

bool flag(const Node& node, std::string_view key, bool otherwise) {
  const Node* found = node.find(key);
  return found && found->boolean() ? *found->boolean() : otherwise;
}

int64_t number(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  if (!found) return 0;
  if (auto* real = found->real()) return static_cast<int64_t>(*real);
  return found->integer() ? *found->integer() : 0;
}

int64_t size(const Node& node, std::string_view key) {
  return text::to_int(text(node, key)).value_or(0);
}

std::optional<nanoseconds> duration(const Node& node, std::string_view key) {
  const Node* found = node.find(key);
  return found && found->string() ? units::parse_duration(*found->string()) : std::nullopt;
}

std::vector<std::string> texts(const Node& node, std::string_view key) {
  std::vector<std::string> out;
  each_item(node, key, [&](const Node& item) { out.push_back(scalar_text(item)); });
  return out;
}

StringMap text_map(const Node& node, std::string_view key) {
  StringMap out;
  each_entry(node, key, [&](const Entry& entry) { out[entry.key] = scalar_text(entry.value); });
  return out;
}

std::map<std::string, std::optional<std::string>> variables(const Node& node,
                                                            std::string_view key) {
  std::map<std::string, std::optional<std::string>> out;
  each_entry(node, key, [&](const Entry& entry) {
    auto& value = out[entry.key];
    if (!entry.value.is_null()) value = scalar_text(entry.value);
  });
  return out;
}

std::vector<std::pair<std::string, std::string>> hosts(const Node& node, std::string_view key) {
  std::vector<std::pair<std::string, std::string>> out;
  each_entry(node, key, [&](const Entry& entry) {
    if (auto* items = entry.value.sequence())
      for (const Node& item : *items) out.emplace_back(entry.key, scalar_text(item));
  });
  return out;
}

std::map<std::string, Ulimit> ulimits(const Node& node) {
  std::map<std::string, Ulimit> out;
  each_entry(node, "ulimits", [&](const Entry& entry) {
    bool single = entry.value.is_scalar();
    int64_t both = single && entry.value.integer() ? *entry.value.integer() : 0;
    out[entry.key] = single ? Ulimit{both, both}
                            : Ulimit{number(entry.value, "soft"), number(entry.value, "hard")};
  });
  return out;
}

std::vector<FileReference> file_references(const Node& node, std::string_view key) {
  std::vector<FileReference> out;
  each_item(node, key, [&](const Node& item) {
    FileReference file{
        text(item, "source"), text(item, "target"), text(item, "uid"), text(item, "gid"), {}};
    if (auto mode = text::to_uint(text(item, "mode"), 8)) file.mode = static_cast<uint32_t>(*mode);
    out.push_back(std::move(file));
  });
  return out;
}

}  // namespace estiba::spec::bind
