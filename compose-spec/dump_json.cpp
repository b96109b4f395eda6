#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "base/error.hpp"
#include "compose-spec/dump.hpp"
#include "compose-spec/dump_order.hpp"

namespace estiba::spec {
namespace {

// As Go's encoding/json: <, > and & escaped, UTF-8 kept but for the two separators JavaScript
// does not know.
void append_escaped(std::string& out, std::string_view text) {
  out += '"';
  constexpr auto plain = [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  };
  if (std::all_of(text.begin(), text.end(), plain)) {
    out += text;
    out += '"';
    return;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    bool separator = text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() &&
                     (text[i + 2] == '\xA8' || text[i + 2] == '\xA9');
    if (separator) {
      out += text[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
      out += code.data();
    } else {
      out += c;
    }
  }
  out += '"';
}

class JsonWriter {
 public:
  explicit JsonWriter(JsonStyle style, std::span<const Attribute* const> skipped = {})
      : style_(style), skipped_(skipped) {}

  std::string take() { return std::move(out_); }

  void write(const Node& node, const Type* type) {
    if (auto* items = node.sequence()) {
      write_items(*items, type ? type->items : nullptr);
    } else if (node.is_mapping() && prints_as_list(type)) {
      write_texts(listed(node, complete() ? ListOrder::as_written : ListOrder::sorted));
    } else if (auto* entries = node.mapping()) {
      write_entries(*entries, type);
    } else {
      write_scalar(node, type);
    }
  }

 private:
  bool complete() const { return style_ == JsonStyle::complete; }

  void write_scalar(const Node& node, const Type* type) {
    if (node.is_null()) {
      out_ += "null";
    } else if (node.string() || node.timestamp()) {
      append_escaped(out_, scalar_text(node));
    } else if (auto* number = node.real()) {
      out_ += type && type->cast == Cast::real ? format_json_real32(*number)
                                               : format_json_real(*number);
    } else {
      out_ += scalar_text(node);
    }
  }

  void write_items(const Sequence& items, const Type* type) {
    if (items.empty()) {
      out_ += "[]";
      return;
    }
    open('[');
    for (const Node& item : items) {
      separate();
      write(item, type);
    }
    close(']');
  }

  void write_texts(const std::vector<std::string>& texts) {
    open('[');
    for (const std::string& text : texts) {
      separate();
      append_escaped(out_, text);
    }
    close(']');
  }

  void write_entries(const Mapping& entries, const Type* type) {
    if (type == &compose_file_type()) return write_top(entries);
    open('{');
    bool has_attributes = type && !type->values && !type->attributes.empty();
    if (has_attributes) {
      write_attributes(entries, *type);
    } else {
      for (const Member& member : members_in_order(entries, type))
        write_member(member.key, *member.value, member.type);
    }
    close('}');
  }

  // Docker Compose sorts the model's own keys, keeps its x-… and leaves models out.
  void write_top(const Mapping& entries) {
    open('{');
    for (const Member& member : members_in_order(entries, nullptr)) {
      const Attribute* attribute = find_attribute(compose_file_type(), member.key);
      bool dropped =
          attribute &&
          (attribute->shown == Shown::never || member.key == "models" ||
           (attribute->shown == Shown::unless_empty && is_empty_value(*member.value, nullptr)));
      if (complete() || !dropped)
        write_member(member.key, *member.value, attribute ? attribute->type : nullptr);
    }
    close('}');
  }

  // Go's structs: some members are there even if nothing is written, others are left out if empty.
  void write_attributes(const Mapping& entries, const Type& type) {
    std::vector<Member> members = members_in_order(entries, &type);
    size_t next = 0;
    for (const Attribute& attribute : type.attributes) {
      bool written = next < members.size() && members[next].attribute == &attribute;
      const Node* value = written ? members[next++].value : nullptr;
      if (is_printed(attribute, value)) {
        write_attribute(attribute, value);
      }
    }
    if (!complete()) return;
    for (; next < members.size(); ++next)
      write_member(members[next].key, *members[next].value, nullptr);
  }

  bool is_printed(const Attribute& attribute, const Node* value) const {
    if (std::find(skipped_.begin(), skipped_.end(), &attribute) != skipped_.end()) return false;
    if (complete()) return value != nullptr;
    switch (attribute.shown) {
      case Shown::never:
        return false;
      case Shown::filled_in_json:
      case Shown::null_in_json:
        return true;
      case Shown::always:
        return value && !value->is_null();
      case Shown::unless_empty:
        break;
    }
    return value && !is_empty_value(*value, attribute.type);
  }

  void write_attribute(const Attribute& attribute, const Node* value) {
    if (value && !value->is_null()) {
      write_member(json_name(attribute), *value, attribute.type);
    } else if (attribute.shown == Shown::filled_in_json && !complete()) {
      write_member(json_name(attribute), Node{Mapping(), {}}, attribute.type);
    } else {
      write_member(json_name(attribute), Node(), attribute.type);
    }
  }

  // Docker Compose prints the members of block I/O limits with a capital.
  std::string json_name(const Attribute& attribute) const {
    std::string name(attribute.name);
    if (attribute.capital_in_json && !complete()) name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
  }

  void write_member(std::string_view key, const Node& value, const Type* type) {
    separate();
    append_escaped(out_, key);
    out_ += style_ == JsonStyle::compact ? ":" : ": ";
    write(value, type);
  }

  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }

  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
    new_line();
  }

  void close(char bracket) {
    --depth_;
    if (!first_) new_line();
    out_ += bracket;
    first_ = false;
  }

  void new_line() {
    if (style_ == JsonStyle::compact) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }

  JsonStyle style_;
  std::span<const Attribute* const> skipped_;
  std::string out_;
  size_t depth_ = 0;
  bool first_ = true;
};

}  // namespace

std::string to_json(const Node& node, const Type& type, JsonStyle style) {
  JsonWriter writer(style);
  writer.write(node, &type);
  return writer.take();
}

std::string to_hash_text(const Node& service) {
  static const std::array<const Attribute*, 6> skipped{
      find_attribute(types::service, "build"),    find_attribute(types::service, "pull_policy"),
      find_attribute(types::service, "scale"),    find_attribute(types::service, "depends_on"),
      find_attribute(types::service, "profiles"), find_attribute(types::deploy, "replicas"),
  };
  JsonWriter writer(JsonStyle::compact, skipped);
  writer.write(service, &types::service);
  return writer.take();
}

std::string escape_dollars(std::string text) {
  size_t dollar = text.find('$');
  if (dollar == std::string::npos) return text;
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t from = 0; from < text.size(); from = dollar + 1) {
    dollar = std::min(text.find('$', from), text.size());
    out.append(text, from, dollar - from);
    if (dollar < text.size()) out += "$$";
  }
  return out;
}

void unescape_dollars(Node& node) {
  if (auto* text = node.string()) {
    std::string out;
    for (size_t i = 0; i < text->size(); ++i) {
      out += (*text)[i];
      if (text->compare(i, 2, "$$") == 0) ++i;
    }
    *text = std::move(out);
  } else if (auto* items = node.sequence()) {
    for (Node& item : *items) unescape_dollars(item);
  } else if (auto* entries = node.mapping()) {
    for (Entry& entry : *entries) unescape_dollars(entry.value);
  }
}

}  // namespace estiba::spec
