#include "compose-spec/validate.hpp"

#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"

namespace estiba::spec {
namespace {

unsigned form_of(const Node& node) {
  constexpr unsigned forms[] = {null_form,   boolean_form,  integer_form, real_form,
                                string_form, sequence_form, mapping_form, timestamp_form};
  // 2.0 is a whole number too.
  if (auto* number = node.real(); number && std::trunc(*number) == *number) return number_form;
  return forms[node.value.index()];
}

std::string quoted_list(std::span<const std::string_view> words) {
  std::string out;
  for (std::string_view word : words) out += cat(out.empty() ? "" : ", ", word);
  return out;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  std::vector<std::string> words(candidates.begin(), candidates.end());
  auto near = text::nearest(word, words);
  return near ? cat("did you mean \"", *near, "\"?") : std::string();
}

bool extends_another(const Node& service) {
  const Node* extends = service.find("extends");
  return extends && !extends->is_null();
}

class Validator {
 public:
  Validator(const SchemaOptions& options, Report& report) : options_(options), report_(report) {}

  void check(const Node& node, const Type& type, const Path& path) {
    // !reset says that the value does not matter.
    if (node.tag == MergeTag::reset) return;
    if (node.is_null() && extending_) return;
    if (!options_.interpolated && type.any_text && node.string()) return;
    if (!(type.forms & form_of(node))) return report_misfit(node, type, path);
    if (auto* text = node.string()) return check_text(node, *text, type, path);
    if (auto* items = node.sequence()) return check_items(*items, type, path);
    if (auto* entries = node.mapping()) check_entries(*entries, type, path);
  }

 private:
  void report_misfit(const Node& node, const Type& type, const Path& path) {
    std::string hint;
    bool wants_text = type.forms & string_form;
    if (node.is_null()) {
      hint = "remove the key or give it a value";
    } else if (type.cast == Cast::duration && node.is_scalar()) {
      hint = cat("write it with a unit: ", scalar_text(node), "s");
    } else if (node.is_scalar() && wants_text) {
      std::string text = report_.written(node);
      hint = cat("quote it: \"", text.empty() ? scalar_text(node) : text, "\"");
    } else if (node.is_scalar() && (type.forms & sequence_form)) {
      hint = "begin each item with \"- \"";
    }
    report_.error(node.span, path,
                  cat("must be ", type.noun, ", not ", node.is_null() ? "empty" : kind_name(node)),
                  std::move(hint));
  }

  void check_text(const Node& node, const std::string& text, const Type& type, const Path& path) {
    if (!type.choices.empty()) {
      for (std::string_view choice : type.choices)
        if (text == choice) return;
      std::string hint = did_you_mean(text, type.choices);
      report_.error(node.span, path,
                    cat("\"", text, "\" is not one of ", quoted_list(type.choices)), hint);
    } else if (type.accepts && !type.accepts(text)) {
      report_.error(node.span, path, cat("\"", text, "\" is not ", type.noun));
    }
  }

  void check_items(const Sequence& items, const Type& type, const Path& path) {
    std::set<std::pair<size_t, std::string>> seen;
    for (size_t i = 0; i < items.size(); ++i) {
      if (type.items) check(items[i], *type.items, Path(path, i));
      bool again = type.unique && items[i].is_scalar() &&
                   !seen.emplace(items[i].value.index(), scalar_text(items[i])).second;
      if (again)
        report_.error(items[i].span, Path(path, i),
                      cat("\"", scalar_text(items[i]), "\" is listed twice"), "remove one of them");
    }
  }

  void check_entries(const Mapping& entries, const Type& type, const Path& path) {
    for (const Entry& entry : entries) {
      if (type.values) {
        check_free_entry(entry, type, path);
      } else if (!type.attributes.empty()) {
        check_attribute(entry, type, path);
      }
    }
  }

  void check_free_entry(const Entry& entry, const Type& type, const Path& path) {
    if (entry.key.empty() && type.items)
      report_.error(entry.key_span, path, "a value stands without a name", "write NAME: VALUE");
    if (type.named && !is_resource_name(entry.key))
      report_.error(entry.key_span, path, cat("\"", entry.key, "\" is not a valid name"),
                    "use letters, digits, dots, dashes and underscores");
    bool within = extending_;
    extending_ = within || (type.values == &types::service && extends_another(entry.value));
    check(entry.value, *type.values, Path(path, entry.key));
    extending_ = within;
  }

  void check_attribute(const Entry& entry, const Type& type, const Path& path) {
    if (const Attribute* attribute = find_attribute(type, entry.key)) {
      if (attribute->newer && !options_.newer)
        report_.error(entry.key_span, path,
                      cat("attribute \"", entry.key, "\" is newer than Docker Compose 2.40"),
                      "set COMPOSE_EXPERIMENTAL=1 to use it");
      return check(entry.value, *attribute->type, Path(path, entry.key));
    }
    if (!type.closed && entry.key.starts_with("x-")) return;
    std::vector<std::string_view> names;
    for (const Attribute& attribute : type.attributes) names.push_back(attribute.name);
    std::string hint = report_.full() ? std::string() : did_you_mean(entry.key, names);
    if (type.lenient)
      return report_.warning(entry.key_span, path,
                             cat("unknown attribute \"", entry.key, "\" is ignored"), hint);
    report_.error(entry.key_span, path, cat("unknown attribute \"", entry.key, "\""), hint);
  }

  const SchemaOptions& options_;
  Report& report_;
  /// In a service that extends another one: a key without a value leaves what it extends.
  bool extending_ = false;
};

}  // namespace

void validate(const Node& node, const Type& type, const Path& path, const SchemaOptions& options,
              Report& report) {
  Validator(options, report).check(node, type, path);
}

void check_empty(const Node& node, const Type& type, const Path& path, const SchemaOptions& options,
                 Report& report) {
  if (node.is_null() && node.tag != MergeTag::reset && !(type.forms & null_form))
    return validate(node, type, path, options, report);
  if (auto* items = node.sequence()) {
    for (size_t i = 0; type.items && i < items->size(); ++i)
      check_empty((*items)[i], *type.items, Path(path, i), options, report);
  } else if (auto* entries = node.mapping()) {
    for (const Entry& entry : *entries)
      if (const Type* child = type_of_member(type, entry.key))
        check_empty(entry.value, *child, Path(path, entry.key), options, report);
  }
}

void check_required(const Node& node, const Type& type, const Path& path, Report& report) {
  if (!concerns(type, required_concern)) return;
  if (auto* items = node.sequence()) {
    for (size_t i = 0; type.items && i < items->size(); ++i)
      check_required((*items)[i], *type.items, Path(path, i), report);
  }
  auto* entries = node.mapping();
  if (!entries) return;
  for (const Attribute& attribute : type.attributes)
    if (attribute.required && !node.find(attribute.name))
      report.error(node.span, path, cat("attribute \"", attribute.name, "\" is missing"));
  for (const Entry& entry : *entries)
    if (const Type* child = type_of_member(type, entry.key))
      check_required(entry.value, *child, Path(path, entry.key), report);
}

}  // namespace estiba::spec
