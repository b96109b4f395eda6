#include <array>
#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"
#include "orchestrator/ui/template_syntax.hpp"
#include "orchestrator/ui/terminal.hpp"

namespace estiba::orchestrator::ui {
namespace {

using Arguments = std::vector<Json>;

Json split(const Arguments& a) {
  std::string text = printed(a[0]), separator = printed(a[1]);
  Json parts = Json::array();
  if (separator.empty()) return Json::array({text});
  size_t at = 0;
  for (size_t found; (found = text.find(separator, at)) != text.npos; at = found + separator.size())
    parts.push_back(text.substr(at, found - at));
  parts.push_back(text.substr(at));
  return parts;
}

Json join(const Arguments& a) {
  std::vector<std::string> parts;
  for (const Json& each : a[0]) parts.push_back(printed(each));
  return text::join(parts, printed(a[1]));
}

std::string mapped(std::string text, int (*convert)(int)) {
  for (char& c : text) c = static_cast<char>(convert(static_cast<unsigned char>(c)));
  return text;
}

Json title(const Arguments& a) {
  std::string text = printed(a[0]);
  bool begins = true;
  for (char& c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (begins) c = static_cast<char>(std::toupper(byte));
    begins = std::isspace(byte) != 0;
  }
  return text;
}

/// pad TEXT BEFORE AFTER: blanks on both sides of what is not empty.
Json pad(const Arguments& a) {
  std::string text = printed(a[0]);
  if (text.empty()) return text;
  auto blanks = [&](size_t i) { return std::string(a[i].get<size_t>(), ' '); };
  return blanks(1) + text + blanks(2);
}

Json truncate(const Arguments& a) {
  std::string text = printed(a[0]);
  return text.substr(0, a[1].get<size_t>());
}

std::string spaced(const Arguments& a) {
  std::string out;
  for (size_t i = 0; i < a.size(); ++i) out += (i > 0 ? " " : "") + printed(a[i]);
  return out;
}

/// Go's print puts blanks only between operands of which neither is a string.
Json print(const Arguments& a) {
  std::string out;
  for (size_t i = 0; i < a.size(); ++i) {
    bool blank = i > 0 && !a[i].is_string() && !a[i - 1].is_string();
    out += (blank ? " " : "") + printed(a[i]);
  }
  return out;
}

std::string formatted_verb(const std::string& flags, char verb, const Json& value) {
  std::string text = verb == 'q' ? json::dump(printed(value)) : printed(value);
  bool left = flags.starts_with('-');
  auto width = text::to_uint(left ? flags.substr(1) : flags).value_or(0);
  size_t own = display_width(text);
  std::string blanks(width > own ? width - own : 0, ' ');
  return left ? text + blanks : blanks + text;
}

Json printf(const Arguments& a) {
  std::string format = printed(a[0]), out;
  size_t next = 1;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    std::string flags;
    for (++i; i < format.size() &&
              (std::isdigit(static_cast<unsigned char>(format[i])) || format[i] == '-');
         ++i)
      flags += format[i];
    if (i < format.size() && format[i] == '%')
      out += '%';
    else if (i < format.size() && next < a.size())
      out += formatted_verb(flags, format[i], a[next++]);
  }
  return out;
}

Json index(const Arguments& a) {
  Json value = a[0];
  for (size_t i = 1; i < a.size(); ++i) {
    if (value.is_array()) {
      auto at = a[i].get<size_t>();
      if (at >= value.size())
        throw Error(cat("template: index ", json::dump(a[i]), " is out of range"));
      value = Json(value[at]);
    } else {
      std::string key = printed(a[i]);
      value = value.is_object() && value.contains(key) ? Json(value[key]) : Json("");
    }
  }
  return value;
}

Json length(const Arguments& a) {
  return a[0].is_string() ? a[0].get<std::string>().size() : a[0].size();
}

Json all_true(const Arguments& a) {
  for (const Json& each : a)
    if (!is_true(each)) return each;
  return a.back();
}

Json any_true(const Arguments& a) {
  for (const Json& each : a)
    if (is_true(each)) return each;
  return a.back();
}

Json equal(const Arguments& a) {
  for (size_t i = 1; i < a.size(); ++i)
    if (a[0] == a[i]) return true;
  return false;
}

struct Known {
  std::string_view name;
  size_t least;  ///< arguments
  Json (*call)(const Arguments&);
};

constexpr std::array<Known, 22> known{{
    {"json", 1, [](const Arguments& a) { return Json(json::dump(a[0])); }},
    {"join", 2, join},
    {"split", 2, split},
    {"lower", 1, [](const Arguments& a) { return Json(mapped(printed(a[0]), std::tolower)); }},
    {"upper", 1, [](const Arguments& a) { return Json(mapped(printed(a[0]), std::toupper)); }},
    {"title", 1, title},
    {"pad", 3, pad},
    {"truncate", 2, truncate},
    {"println", 0, [](const Arguments& a) { return Json(spaced(a) + "\n"); }},
    {"print", 0, print},
    {"printf", 1, printf},
    {"index", 1, index},
    {"len", 1, length},
    {"not", 1, [](const Arguments& a) { return Json(!is_true(a[0])); }},
    {"and", 1, all_true},
    {"or", 1, any_true},
    {"eq", 2, equal},
    {"ne", 2, [](const Arguments& a) { return Json(a[0] != a[1]); }},
    {"lt", 2, [](const Arguments& a) { return Json(a[0] < a[1]); }},
    {"le", 2, [](const Arguments& a) { return Json(a[0] <= a[1]); }},
    {"gt", 2, [](const Arguments& a) { return Json(a[0] > a[1]); }},
    {"ge", 2, [](const Arguments& a) { return Json(a[0] >= a[1]); }},
}};

}  // namespace

std::string printed(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "<no value>";
  std::string out;
  if (value.is_array()) {
    for (const Json& each : value) out += (out.empty() ? "" : " ") + printed(each);
    return cat("[", out, "]");
  }
  if (!value.is_object()) return json::dump(value);
  for (const auto& [key, each] : value.items())
    out += cat(out.empty() ? "" : " ", key, ":", printed(each));
  return cat("map[", out, "]");
}

bool is_true(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value != 0;
  if (value.is_string()) return !value.get<std::string>().empty();
  return !value.empty();
}

Json call_function(const std::string& name, const std::vector<Json>& arguments) {
  for (const Known& each : known) {
    if (each.name != name) continue;
    if (arguments.size() < each.least)
      throw Error(cat("template: ", name, " needs ", std::to_string(each.least), " arguments"));
    try {
      return each.call(arguments);
    } catch (const Json::exception&) {
      throw Error(cat("template: an argument of ", name, " has the wrong type"));
    }
  }
  std::vector<std::string> names;
  names.reserve(std::size(known));
  for (const Known& each : known) names.emplace_back(each.name);
  auto near = text::nearest(name, names);
  throw Error(cat("template: there is no function \"", name, "\"",
                  near ? cat("; did you mean \"", *near, "\"?") : ""));
}

}  // namespace estiba::orchestrator::ui
