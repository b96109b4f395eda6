#include "compose-spec/cast.hpp"

#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "compose-spec/scalar.hpp"

namespace estiba::spec {
namespace {

using Result = std::optional<Node::Value>;

Result to_boolean(const Node& node) {
  if (node.boolean()) return node.value;
  if (auto* text = node.string())
    if (auto flag = parse_boolean(*text)) return Node::Value(*flag);
  return std::nullopt;
}

Result to_integer(const Node& node) {
  if (node.integer()) return node.value;
  if (auto* number = node.real())
    return std::abs(*number) < 9e18 ? Result(static_cast<int64_t>(*number)) : std::nullopt;
  if (auto* text = node.string())
    if (auto number = text::to_int(text->starts_with('+') ? text->substr(1) : *text))
      return Node::Value(*number);
  return std::nullopt;
}

Result to_real(const Node& node) {
  if (node.real()) return node.value;
  if (auto* number = node.integer()) return Node::Value(static_cast<double>(*number));
  if (auto* text = node.string())
    if (auto number = parse_real(*text)) return Node::Value(*number);
  return std::nullopt;
}

Result to_bytes(const Node& node) {
  if (auto* text = node.string()) {
    if (text->starts_with('-')) {
      auto number = text::to_int(*text);
      return number ? Result(std::to_string(*number)) : std::nullopt;
    }
    auto size = units::parse_bytes(*text);
    return size ? Result(std::to_string(*size)) : std::nullopt;
  }
  auto number = to_integer(node);
  return number ? Result(std::to_string(std::get<int64_t>(*number))) : std::nullopt;
}

Result to_file_mode(const Node& node) {
  std::optional<int64_t> mode;
  if (auto* text = node.string()) {
    mode = text::to_int(text->starts_with("0o") ? text->substr(2) : *text, 8);
  } else if (auto number = to_integer(node)) {
    mode = std::get<int64_t>(*number);
  }
  if (!mode || *mode < 0 || *mode > 07777) return std::nullopt;
  std::array<char, 8> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%#o", static_cast<unsigned>(*mode));
  return Node::Value(std::string(buffer.data()));
}

Result to_device_count(const Node& node) {
  if (auto* text = node.string(); text && *text == "all") return Node::Value(int64_t{-1});
  return to_integer(node);
}

}  // namespace

std::optional<std::string> canonical_duration(std::string_view text) {
  std::string in_hours;
  for (size_t at = 0; at < text.size();) {
    size_t unit = text.find_first_not_of("0123456789.", at);
    bool long_unit = unit != std::string_view::npos && (text[unit] == 'd' || text[unit] == 'w');
    auto number = parse_real(text.substr(at, unit - at));
    if (long_unit && number) {
      in_hours += cat(format_real(*number * (text[unit] == 'd' ? 24 : 168)), "h");
      at = unit + 1;
      continue;
    }
    size_t next = text.find_first_of("0123456789.", unit);
    in_hours += text.substr(at, next - at);
    at = next;
  }
  auto duration = units::parse_duration(in_hours);
  if (!duration) return std::nullopt;
  return units::format_duration(*duration);
}

std::optional<Node::Value> cast_scalar(const Node& node, Cast cast) {
  switch (cast) {
    case Cast::none:
      return node.value;
    case Cast::text:
      return Node::Value(scalar_text(node));
    case Cast::nullable:
      return node.is_null() ? node.value : Node::Value(scalar_text(node));
    case Cast::boolean:
      return to_boolean(node);
    case Cast::integer:
      return to_integer(node);
    case Cast::real:
      return to_real(node);
    case Cast::bytes:
      return to_bytes(node);
    case Cast::file_mode:
      return to_file_mode(node);
    case Cast::device_count:
      return to_device_count(node);
    case Cast::duration:
      break;
  }
  auto duration = node.string() ? canonical_duration(*node.string()) : std::nullopt;
  return duration ? Result(*duration) : std::nullopt;
}

}  // namespace estiba::spec
