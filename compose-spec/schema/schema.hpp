// The Compose schema as data: for each attribute what may be written, how its short form expands,
// how two of it merge, and what it becomes in the canonical model. Every phase walks the tree and
// this table side by side, so a new attribute is one new line here.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace estiba::spec {

/// Kinds of YAML value that may be written, as a set.
enum Form : uint8_t {
  null_form = 1,
  boolean_form = 2,
  integer_form = 4,
  real_form = 8,
  string_form = 16,
  sequence_form = 32,
  mapping_form = 64,
  timestamp_form = 128,
  number_form = integer_form | real_form,
};

/// What a scalar is in the canonical model.
enum class Cast : uint8_t {
  none,      ///< as written
  text,      ///< a string; numbers and booleans become their text, null an empty one
  nullable,  ///< as text, but null stays (an environment variable without value)
  boolean,
  integer,
  real,          ///< of float32 precision, as Compose keeps it
  bytes,         ///< "512m" → "536870912"
  duration,      ///< "90s" → "1m30s"
  file_mode,     ///< 0440 → "0440"
  device_count,  ///< "all" → -1
};

/// How what is written becomes the canonical form; canonical/ has a function for each.
enum class Shape : uint8_t {
  plain,
  key_values,  ///< ["K=V"] → {K: V}
  key_set,     ///< ["k"] → {k: null}
  text_list,   ///< "x" → ["x"]
  words,       ///< "a 'b c'" → ["a", "b c"]
  health_test,
  depends_on,
  build,
  ports,
  volume,
  device,
  service_secret,
  file_reference,
  env_file,
  extends,
  hosts,
  gpus,
  ssh,
  external,
  include,
  ulimit,
  option_list,  ///< a scalar → a list of one text
};

/// How a later file's value meets an earlier one.
enum class Merge : uint8_t {
  natural,  ///< mappings by key, lists appended, scalars replaced
  replace,
  logging,  ///< options merge only for the same driver
};

/// What makes two items of a list the same one, so that the later replaces the earlier.
enum class Identity : uint8_t {
  none,
  text,
  target,
  config_target,
  secret_target,
  port,
  path,
  subnet
};

/// Whether the printed model shows a value that is empty, zero or false.
enum class Shown : uint8_t {
  unless_empty,
  always,          ///< whenever it is written
  filled_in_json,  ///< JSON shows {} even if nothing is written; YAML only what is not empty
  null_in_json,    ///< JSON shows null even if nothing is written
  never,
};

/// What a text names on disk, for the phase that makes paths absolute.
enum class PathKind : uint8_t { none, plain, build_context, mount, volume_device };

struct Type;

struct Attribute {
  std::string_view name;
  const Type* type;
  Shown shown = Shown::unless_empty;
  bool required = false;
  /// In the specification, but newer than the Compose release whose results are the contract.
  bool newer = false;
  bool capital_in_json = false;
};

struct Type {
  /// "a string", "a list of ports": for messages.
  std::string_view noun;
  unsigned forms = 0;
  Cast cast = Cast::none;
  Shape shape = Shape::plain;
  Merge merge = Merge::natural;
  Identity identity = Identity::none;
  PathKind path = PathKind::none;
  /// A list in which the same item twice is an error.
  bool unique = false;
  /// A mapping with these keys (and x-…), in the order in which they are printed.
  std::span<const Attribute> attributes = {};
  /// A mapping with free keys.
  const Type* values = nullptr;
  const Type* items = nullptr;
  std::span<const std::string_view> choices = {};
  /// --no-interpolate takes any text: what is to be accepted is no matter of the schema.
  bool any_text = false;
  /// Checks a text; null if any will do.
  bool (*accepts)(std::string_view) = nullptr;
  /// --no-interpolate, too, prints what stands in the short form in the long one.
  bool always_long = false;
  /// Attributes without x-….
  bool closed = false;
  /// x-… may be written, but is not printed.
  bool silent = false;
  /// An attribute that is not known is only worth a warning.
  bool lenient = false;
  /// Keys of a mapping with free keys are names of services, networks and so on.
  bool named = false;
  /// Bounds of a whole number.
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
};

const Type& compose_file_type();
const Attribute* find_attribute(const Type& type, std::string_view name);
/// What a member of a mapping is; null if the schema says nothing about it.
const Type* type_of_member(const Type& type, std::string_view key);

/// What may be found in a value or below it, so that a phase leaves out what is not its business.
enum Concern : unsigned { path_concern = 1, identity_concern = 2, required_concern = 4 };
bool concerns(const Type& type, Concern concern);

/// "services.*" and "image" → "services.*.image": how the lists of attributes name one.
std::string joined(const std::string& path, std::string_view key);

/// Service, volume and other names: ^[a-zA-Z0-9._-]+$
bool is_resource_name(std::string_view text);

/// The types that several tables share.
namespace types {
extern const Type text, path, boolean, strict_boolean, integer, lenient_integer, count, real, bytes,
    duration, file_mode, anything;
extern const Type text_items, unique_texts, text_list, words;
extern const Type key_values, environment, driver_options, hosts, ulimits;
extern const Type hook, hooks, file_references, build_secrets, secrets_used, gpus, device_requests;
extern const Type build, deploy, develop, healthcheck, service;
}  // namespace types

}  // namespace estiba::spec
