// Writes tar archives entry by entry, honest ones and forged ones (ustar, and pax for attributes).
#pragma once
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace estiba::test {

class TarBuilder {
 public:
  struct Meta {
    unsigned mode = 0644;
    unsigned uid = 0, gid = 0;
    uint64_t mtime = 1;
    unsigned major = 0, minor = 0;
    std::vector<std::pair<std::string, std::string>> xattrs{};
    std::vector<std::pair<std::string, std::string>> records{};  ///< of a pax header, as given
  };

  TarBuilder& file(const std::string& name, const std::string& content) {
    return file(name, content, Meta{});
  }
  TarBuilder& file(const std::string& name, const std::string& content, const Meta& meta) {
    return entry('0', name, "", content, meta);
  }
  TarBuilder& dir(const std::string& name, unsigned mode = 0755) {
    Meta meta;
    meta.mode = mode;
    return entry('5', name, "", "", meta);
  }
  TarBuilder& dir(const std::string& name, const Meta& meta) {
    return entry('5', name, "", "", meta);
  }
  TarBuilder& symlink(const std::string& name, const std::string& target) {
    return entry('2', name, target, "", Meta{});
  }
  TarBuilder& hardlink(const std::string& name, const std::string& target) {
    return entry('1', name, target, "", Meta{});
  }
  TarBuilder& node(char type, const std::string& name, const Meta& meta) {
    return entry(type, name, "", "", meta);
  }

  TarBuilder& entry(char type, const std::string& name, const std::string& target,
                    const std::string& content, const Meta& meta) {
    std::string records;
    if (name.size() > 100) records += pax_record("path", name);
    if (target.size() > 100) records += pax_record("linkpath", target);
    for (const auto& [key, value] : meta.xattrs)
      records += pax_record("SCHILY.xattr." + key, value);
    for (const auto& [key, value] : meta.records) records += pax_record(key, value);
    if (!records.empty()) raw('x', "pax", "", records, Meta{});
    raw(type, name, target, content, meta);
    return *this;
  }

  std::string finish() { return out_ + std::string(1024, '\0'); }

 private:
  static std::string pax_record(const std::string& key, const std::string& value) {
    std::string body = " " + key + "=" + value + "\n";
    size_t length = body.size() + 1;
    while (std::to_string(length).size() + body.size() != length) ++length;
    return std::to_string(length) + body;
  }

  static void put(std::string& header, size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  }

  static std::string octal(uint64_t value, int digits) {
    char text[32];
    std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
    return text;
  }

  void raw(char type, const std::string& name, const std::string& target,
           const std::string& content, const Meta& meta) {
    std::string header(512, '\0');
    put(header, 0, name.substr(0, 100));
    put(header, 100, octal(meta.mode, 7));
    put(header, 108, octal(meta.uid, 7));
    put(header, 116, octal(meta.gid, 7));
    put(header, 124, octal(content.size(), 11));
    put(header, 136, octal(meta.mtime, 11));
    header[156] = type;
    put(header, 157, target.substr(0, 100));
    put(header, 257, std::string("ustar\00000", 8));
    put(header, 329, octal(meta.major, 7));
    put(header, 337, octal(meta.minor, 7));
    put(header, 148, std::string(8, ' '));
    unsigned sum = 0;
    for (unsigned char c : header) sum += c;
    put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
    out_ += header + content + std::string((512 - content.size() % 512) % 512, '\0');
  }

  std::string out_;
};

}  // namespace estiba::test
