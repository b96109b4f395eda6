#include "imgmgr/registry/refusal.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/json.hpp"
#include "imgmgr/foreign_text.hpp"

namespace estiba::img {
std::string told_reason(std::string_view body) {
  try {
    Json document = parse_json(body, "its answer");
    auto errors = json::objects_at(document, "errors");
    if (errors.empty()) return "";
    for (const char* key : {"message", "code"})
      if (auto text = json::string_at(*errors.front(), key); text && !text->empty())
        return one_line(*text);
  } catch (const Error&) {
    return "";  // not every registry keeps to the form
  }
  return "";
}

}  // namespace estiba::img
