// What of the schema is only kept, not yet acted upon, when a project runs; and the pages made from
// the schema: docs/compose-support.md and docs/compose-schema.json.
#pragma once
#include <set>
#include <string>

#include "compose-spec/report.hpp"
#include "compose-spec/tree.hpp"

namespace estiba::spec {

/// Whether the attribute at "services.*.gpus" (free keys are "*", list items are left out) is
/// stored and printed, but changes nothing at run time. So is all beneath it.
bool is_stored_only(const std::string& attribute);

/// A warning for each attribute of that kind that the model uses, at the first place; of services
/// only those named.
void report_stored_only(const Node& model, const std::set<std::string>& services, Report& report);

struct Type;
/// "a string: always, never".
std::string noun_and_choices(const Type& type);

/// Every attribute, what may be written, and whether it is in effect: Markdown.
std::string support_page();
/// The schema for editors that complete attributes from a JSON Schema (draft 2020-12).
std::string json_schema();

}  // namespace estiba::spec
