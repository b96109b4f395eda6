// What a registry says of why it refuses, as far as it can be shown. Pure.
#pragma once
#include <string>
#include <string_view>

namespace estiba::img {

/// Of {"errors": [{"code": "DENIED", "message": "..."}]}, one line without control characters; ""
/// if there is nothing that can be shown.
std::string told_reason(std::string_view body);

}  // namespace estiba::img
