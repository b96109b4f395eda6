// ustar (POSIX.1-1988) with pax records (POSIX.1-2001) for what does not fit: long or non-ASCII
// names, attributes, large numbers.
#include "imgmgr/layer_tar.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "base/node.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/overlay_marks.hpp"

namespace estiba::img {
namespace {

constexpr size_t block = 512;
constexpr uint64_t max_octal_size = (uint64_t{1} << 33) - 1;
constexpr uint64_t max_octal_id = (1U << 21) - 1;
constexpr mode_t permission_bits = 07777;
constexpr mode_t whiteout_mode = 0600;

struct Header {
  char type = '0';
  std::string name, link;
  mode_t mode = 0644;
  uint64_t uid = 0, gid = 0, size = 0;
  int64_t mtime = 0;
  dev_t device = 0;
  std::vector<std::pair<std::string, std::string>> xattrs{};
};

std::string octal(uint64_t value, size_t digits) {
  std::string out(digits, '0');
  for (size_t i = digits; i-- > 0 && value != 0; value /= 8)
    out[i] = static_cast<char>('0' + value % 8);
  return out;
}

void put(std::string& header, size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

std::string pax_record(const std::string& key, const std::string& value) {
  std::string body = cat(" ", key, "=", value, "\n");
  size_t length = body.size() + 1;
  while (std::to_string(length).size() + body.size() != length) ++length;
  return std::to_string(length) + body;
}

bool is_plain(const std::string& name) {
  return name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x80;
         });
}

std::string ustar(const Header& entry) {
  std::string out(block, '\0');
  put(out, 0, entry.name.substr(0, 100));
  put(out, 100, octal(entry.mode & permission_bits, 7));
  put(out, 108, octal(std::min(entry.uid, max_octal_id), 7));
  put(out, 116, octal(std::min(entry.gid, max_octal_id), 7));
  put(out, 124, octal(std::min(entry.size, max_octal_size), 11));
  put(out, 136, octal(static_cast<uint64_t>(std::max<int64_t>(entry.mtime, 0)), 11));
  put(out, 148, "        ");
  out[156] = entry.type;
  put(out, 157, entry.link.substr(0, 100));
  put(out, 257, std::string_view("ustar\00000", 8));
  put(out, 329, octal(major(entry.device), 7));
  put(out, 337, octal(minor(entry.device), 7));
  uint64_t sum = 0;
  for (char c : out) sum += static_cast<unsigned char>(c);
  put(out, 148, octal(sum, 6) + std::string("\0 ", 2));
  return out;
}

std::string pax_records(const Header& entry) {
  std::string out;
  if (!is_plain(entry.name)) out += pax_record("path", entry.name);
  if (!is_plain(entry.link)) out += pax_record("linkpath", entry.link);
  if (entry.uid > max_octal_id) out += pax_record("uid", std::to_string(entry.uid));
  if (entry.gid > max_octal_id) out += pax_record("gid", std::to_string(entry.gid));
  if (entry.size > max_octal_size) out += pax_record("size", std::to_string(entry.size));
  if (entry.mtime < 0) out += pax_record("mtime", std::to_string(entry.mtime));
  for (const auto& [key, value] : entry.xattrs) out += pax_record("SCHILY.xattr." + key, value);
  return out;
}

std::string encode(const Header& entry) {
  std::string records = pax_records(entry), out;
  if (!records.empty()) {
    Header pax{.type = 'x', .name = "PaxHeaders", .link = "", .size = records.size()};
    out = cat(ustar(pax), records, tar_padding(records.size()));
  }
  return out + ustar(entry);
}

// What a layer carries of extended attributes: programs' own, and file capabilities.
std::vector<std::pair<std::string, std::string>> kept_xattrs(FdRef node) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& name : node::attribute_names(node)) {
    bool user = name.starts_with("user.") && !name.starts_with("user.overlay.");
    if (!user && name != "security.capability") continue;
    if (auto value = node::attribute(node, name)) out.emplace_back(name, std::move(*value));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class LayerWriter {
 public:
  explicit LayerWriter(const TarSink& sink) : sink_(sink), buffer_(size_t{256} << 10, '\0') {}

  LayerTar run(FdRef layer) {
    write_directory(layer, "");
    emit(tar_end());
    out_.diff_id = Digest::of(hash_);
    return out_;
  }

  void run(FdRef node, const std::string& name) {
    write_entry(node, "", name);
    emit(tar_end());
  }

 private:
  void emit(std::string_view data) {
    hash_.update(data);
    out_.tar_size += data.size();
    if (sink_) sink_(data);
  }

  void write_directory(FdRef dir, const std::string& prefix) {
    for (const auto& name : node::names_in(dir, prefix))
      if (auto held = node::find(dir, name)) write_entry(*held, prefix, name);
  }

  // All of an entry comes from what is held: its name may mean something else at any time, a
  // device of the host among them.
  void write_entry(FdRef node, const std::string& prefix, const std::string& name) {
    struct stat status = sys::fstat(node);
    if (S_ISSOCK(status.st_mode)) return;  // means nothing in an archive
    ++out_.entries;
    if (is_whiteout(status)) {
      emit(encode({.name = cat(prefix, ".wh.", name), .link = "", .mode = whiteout_mode}));
      return;
    }
    Header entry = describe(node, status);
    entry.name = prefix + name;
    if (S_ISLNK(status.st_mode)) entry.link = node::link_text(node, entry.name);
    if (S_ISDIR(status.st_mode)) {
      write_subdirectory(node::open_directory(node, entry.name), entry);
    } else if (!link_to_earlier(entry, status)) {
      write_file(node, entry, status);
    }
  }

  static Header describe(FdRef node, const struct stat& status) {
    Header out;
    out.mode = status.st_mode;
    out.uid = status.st_uid;
    out.gid = status.st_gid;
    out.mtime = status.st_mtim.tv_sec;
    out.xattrs = kept_xattrs(node);
    switch (status.st_mode & S_IFMT) {
      case S_IFLNK:
        out.type = '2';
        break;
      case S_IFCHR:
      case S_IFBLK:
        out.type = S_ISCHR(status.st_mode) ? '3' : '4';
        out.device = status.st_rdev;
        break;
      case S_IFDIR:
        out.type = '5';
        break;
      case S_IFIFO:
        out.type = '6';
        break;
      default:
        out.size = static_cast<uint64_t>(status.st_size);
        break;
    }
    return out;
  }

  void write_subdirectory(FdRef dir, Header entry) {
    entry.name += '/';
    emit(encode(entry));
    if (is_opaque(dir))
      emit(encode({.name = cat(entry.name, ".wh..wh..opq"), .link = "", .mode = whiteout_mode}));
    write_directory(dir, entry.name);
  }

  bool link_to_earlier(const Header& entry, const struct stat& status) {
    if (status.st_nlink < 2) return false;
    auto [earlier, is_first] = linked_.try_emplace({status.st_dev, status.st_ino}, entry.name);
    if (is_first) return false;
    Header link = entry;
    link.type = '1';
    link.link = earlier->second;
    link.size = 0;
    link.xattrs.clear();
    emit(encode(link));
    return true;
  }

  // The header promises a size: what became longer meanwhile is cut, what became shorter is an
  // Error.
  void write_file(FdRef node, const Header& entry, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) return emit(encode(entry));
    UniqueFd file = node::open_file(node, node::Use::read, entry.name);
    emit(encode(entry));
    uint64_t left = entry.size;
    while (left > 0) {
      size_t wanted = static_cast<size_t>(std::min<uint64_t>(left, buffer_.size()));
      size_t got = sys::read(file, buffer_.data(), wanted, entry.name);
      if (got == 0) throw Error(cat(entry.name, " became shorter while it was read"));
      emit({buffer_.data(), got});
      left -= got;
    }
    out_.content_size += entry.size;
    emit(tar_padding(entry.size));
  }

  const TarSink& sink_;
  std::string buffer_;
  Sha256 hash_;
  LayerTar out_{Digest::of(std::string_view{})};
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
};

}  // namespace

LayerTar write_layer_tar(FdRef layer, const TarSink& sink) { return LayerWriter(sink).run(layer); }

void write_tree_tar(FdRef node, const std::string& name, const TarSink& sink) {
  LayerWriter(sink).run(node, name);
}

std::string tar_file_header(const std::string& name, uint64_t size) {
  return encode({.name = name, .link = "", .size = size});
}

std::string tar_file(const std::string& name, std::string_view content) {
  return cat(tar_file_header(name, content.size()), content, tar_padding(content.size()));
}

std::string tar_padding(uint64_t size) { return std::string((block - size % block) % block, '\0'); }

std::string tar_end() { return std::string(2 * block, '\0'); }

}  // namespace estiba::img
