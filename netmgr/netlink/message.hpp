// Netlink messages as bytes (netlink(7)): a builder for requests and a bounds-checked reader of
// attributes. Knows nothing of sockets.
#pragma once
#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/unique_fd.hpp"

namespace estiba::net::netlink {

/// The bytes of a plain value.
template <typename T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A value from the front of some bytes; nothing if they are too few.
template <typename T>
std::optional<T> read_as(std::string_view bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

class Message {
 public:
  /// `subject` is what an error of this request is told about: "adding eth0".
  Message(uint16_t type, int flags, std::string subject);

  /// Appends the fixed header of the message type (ifinfomsg, ifaddrmsg, ...).
  template <typename T>
  Message& header(const T& value) {
    append(bytes_of(value));
    return *this;
  }
  Message& attr(int type, std::string_view payload);
  template <typename T>
  requires std::is_integral_v<T> Message& number(int type, T value) {
    return attr(type, bytes_of(value));
  }
  Message& text(int type, const std::string& value) {
    return attr(type, {value.c_str(), value.size() + 1});
  }
  /// An attribute that holds what `fill` adds.
  template <typename F>
  Message& nest(int type, F fill) {
    size_t start = begin(type);
    fill();
    end(start);
    return *this;
  }
  /// An errno that is as good as success: EEXIST for what may be there already.
  Message& tolerate(int code) {
    tolerated_.push_back(code);
    return *this;
  }

  const std::string& bytes() const { return bytes_; }
  const std::string& subject() const { return subject_; }
  bool tolerates(int code) const;
  bool wants_acknowledgement() const;
  void set_sequence(uint32_t sequence);

 private:
  void append(std::string_view bytes);
  size_t begin(int type);
  void end(size_t start);

  std::string bytes_;
  std::string subject_;
  std::vector<int> tolerated_;
};

struct Attribute {
  uint16_t type;  ///< without NLA_F_NESTED
  std::string_view payload;
};

/// The attributes that start at the front of `bytes`; stops at the first malformed one.
std::vector<Attribute> attributes(std::string_view bytes);
std::optional<std::string_view> find(const std::vector<Attribute>& list, int type);
/// A NUL-terminated text without its NUL.
std::string text_of(std::string_view payload);

/// One message of an answer.
struct Reply {
  uint16_t type = 0;
  std::string body;  ///< behind nlmsghdr
};

}  // namespace estiba::net::netlink
