// A compact binary encoding shared by server, keeper and records on disk. A type takes part by a
// `visit(archive, value)` that names its fields once; Writer and Reader both walk it. The two ends
// are built together, so there are no field names; a version number travels in the greeting.
#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.hpp"

namespace estiba::runtime::wire {

template <typename T>
concept Scalar = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class Writer {
 public:
  template <typename... Fields>
  void operator()(const Fields&... fields) {
    (put(fields), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <Scalar T>
  void put(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& value) {
    put(static_cast<uint32_t>(value.size()));
    bytes_ += value;
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    put(static_cast<uint32_t>(values.size()));
    for (const auto& value : values) put(value);
  }
  template <typename First, typename Second>
  void put(const std::pair<First, Second>& value) {
    put(value.first);
    put(value.second);
  }
  template <typename... Types>
  void put(const std::variant<Types...>& value) {
    put(static_cast<uint8_t>(value.index()));
    std::visit([&](const auto& held) { put(held); }, value);
  }
  template <typename T>
  requires(std::is_class_v<T>) void put(const T& value) { visit(*this, const_cast<T&>(value)); }

  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename... Fields>
  void operator()(Fields&... fields) {
    (get(fields), ...);
  }
  /// An Error if something is left over.
  void finish() const {
    if (!bytes_.empty()) malformed();
  }

 private:
  [[noreturn]] static void malformed() {
    throw Error("a message between the server and the keeper is malformed");
  }
  std::string_view bytes(size_t count) {
    if (count > bytes_.size()) malformed();
    std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  template <Scalar T>
  void get(T& value) {
    std::memcpy(&value, bytes(sizeof value).data(), sizeof value);
  }
  void get(bool& value) {
    uint8_t byte = 0;
    get(byte);
    value = byte != 0;
  }
  void get(std::string& value) {
    uint32_t size = 0;
    get(size);
    value = bytes(size);
  }
  // Every element takes at least a byte, so a forged count cannot make the vector larger than the
  // message.
  template <typename T>
  void get(std::vector<T>& values) {
    uint32_t count = 0;
    get(count);
    if (count > bytes_.size()) malformed();
    values.clear();
    for (uint32_t i = 0; i < count; ++i) get(values.emplace_back());
  }
  template <typename First, typename Second>
  void get(std::pair<First, Second>& value) {
    get(value.first);
    get(value.second);
  }
  template <typename... Types>
  void get(std::variant<Types...>& value) {
    uint8_t index = 0;
    get(index);
    get_alternative<0>(value, index);
  }
  template <size_t I, typename... Types>
  void get_alternative(std::variant<Types...>& value, uint8_t index) {
    if constexpr (I == sizeof...(Types)) {
      malformed();
    } else {
      if (index == I) return get(value.template emplace<I>());
      get_alternative<I + 1>(value, index);
    }
  }
  template <typename T>
  requires(std::is_class_v<T>) void get(T& value) { visit(*this, value); }

  std::string_view bytes_;
};

template <typename T>
std::string encode(const T& value) {
  Writer writer;
  writer(value);
  return writer.take();
}

template <typename T>
T decode(std::string_view bytes) {
  Reader reader(bytes);
  T value;
  reader(value);
  reader.finish();
  return value;
}

}  // namespace estiba::runtime::wire
