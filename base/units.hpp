// Quantities as people write them in Compose files, as integers inside.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace estiba::units {

using std::chrono::nanoseconds;

/// "512m", "1.5gb", "64KiB", "100": bytes, binary multiples (go-units RAMInBytes). Nothing if
/// invalid.
std::optional<int64_t> parse_bytes(std::string_view text);
/// "1m30s", "1.5h", "100ms", "0": Go's time.ParseDuration. Nothing if invalid.
std::optional<nanoseconds> parse_duration(std::string_view text);
/// Go's Duration.String: "1m30s", "100ms", "0s".
std::string format_duration(nanoseconds duration);
/// "0.5" CPUs → 500'000'000 nano-CPUs. Nothing if invalid or negative.
std::optional<int64_t> parse_cpus(std::string_view text);
/// go-units HumanSizeWithPrecision: decimal, `digits` significant ones: "12.3MB", "0B".
std::string human_size(uint64_t bytes, int digits = 4);
/// go-units BytesSize: binary, four significant digits: "1.5MiB".
std::string human_binary_size(uint64_t bytes);
/// go-units HumanDuration: "Less than a second", "About a minute", "4 hours".
std::string human_duration(nanoseconds duration);

}  // namespace estiba::units
