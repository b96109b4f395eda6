#include "runtime/security/credentials.hpp"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/beneath.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "runtime/sys.hpp"

namespace estiba::runtime {
namespace {

constexpr uint64_t max_id = 0x7fffffff;
constexpr size_t max_account_file = size_t{1} << 20;

// The colon-separated fields of each line that has at least `count` of them.
std::vector<std::vector<std::string>> records(std::string_view content, size_t count) {
  std::vector<std::vector<std::string>> found;
  for (const auto& line : text::split(content, '\n')) {
    auto fields = text::split(line, ':');
    if (fields.size() >= count) found.push_back(std::move(fields));
  }
  return found;
}

std::optional<uint32_t> id_of(const std::string& digits) {
  auto number = text::to_uint(digits);
  if (!number) return std::nullopt;
  if (*number > max_id)
    throw Error(cat("user and group ids go up to ", std::to_string(max_id), ", not ", digits));
  return static_cast<uint32_t>(*number);
}

bool all_digits(const std::string& name) {
  return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
}

uint32_t number_or_throw(const std::string& digits) {
  if (auto id = id_of(digits)) return *id;
  throw Error(cat("user and group ids go up to ", std::to_string(max_id), ", not ", digits));
}

gid_t group_id(const std::string& name, std::string_view group) {
  for (const auto& fields : records(group, 3)) {
    if (fields[0] != name) continue;
    if (auto gid = id_of(fields[2])) return *gid;
  }
  if (all_digits(name)) return number_or_throw(name);
  throw Error(cat("unable to find group ", name, ": no matching entries in the container's ",
                  "/etc/group"));
}

struct Account {
  std::string name, home;
  uid_t uid = 0;
  gid_t gid = 0;
};

// A name wins over a number, as in Docker: an account may be called "1000".
std::optional<Account> find_account(const std::string& user, std::string_view passwd) {
  auto uid = all_digits(user) ? id_of(user) : std::optional<uint32_t>{};
  std::optional<Account> by_number;
  for (const auto& fields : records(passwd, 6)) {
    auto line_uid = text::to_uint(fields[2]);
    auto line_gid = text::to_uint(fields[3]);
    if (!line_uid || !line_gid || *line_uid > max_id || *line_gid > max_id) continue;
    Account account{fields[0], fields[5], static_cast<uid_t>(*line_uid),
                    static_cast<gid_t>(*line_gid)};
    if (account.name == user) return account;
    if (!by_number && uid && account.uid == *uid) by_number = account;
  }
  return by_number;
}

std::vector<gid_t> memberships(const std::string& account, std::string_view group) {
  std::vector<gid_t> groups;
  for (const auto& fields : records(group, 4)) {
    auto members = text::split(fields[3], ',');
    bool member = std::find(members.begin(), members.end(), account) != members.end();
    auto gid = text::to_uint(fields[2]);
    if (member && gid && *gid <= max_id) groups.push_back(static_cast<gid_t>(*gid));
  }
  return groups;
}

void set_capability_sets(uint64_t effective, uint64_t permitted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  for (size_t word = 0; word < data.size(); ++word) {
    data[word].effective = static_cast<uint32_t>(effective >> (32 * word));
    data[word].permitted = static_cast<uint32_t>(permitted >> (32 * word));
  }
  if (syscall(SYS_capset, &header, data.data()) != 0) throw Error{"capset", "", Errno{errno}};
}

uint64_t permitted_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (syscall(SYS_capget, &header, data.data()) != 0) throw Error{"capget", "", Errno{errno}};
  return data[0].permitted | (uint64_t{data[1].permitted} << 32);
}

void drop_bounding(uint64_t keep) {
  for (unsigned long cap = 0; cap < 64; ++cap) {
    if ((keep >> cap & 1) != 0) continue;
    // EINVAL: past the last capability of this kernel.
    if (::prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0) {
      if (errno == EINVAL) return;
      throw Error{"prctl", "PR_CAPBSET_DROP", Errno{errno}};
    }
  }
}

}  // namespace

Identity resolve_identity(const std::string& user, const std::vector<std::string>& groups,
                          std::string_view passwd, std::string_view group) {
  size_t colon = user.find(':');
  std::string name = user.substr(0, colon);
  if (name.empty()) name = "0";
  Identity identity;
  auto account = find_account(name, passwd);
  if (account) {
    identity.uid = account->uid;
    identity.gid = account->gid;
    if (!account->home.empty()) identity.home = account->home;
  } else if (all_digits(name)) {
    identity.uid = number_or_throw(name);
  } else {
    throw Error(cat("unable to find user ", name, ": no matching entries in the container's ",
                    "/etc/passwd"));
  }
  if (colon != std::string::npos && colon + 1 < user.size()) {
    identity.gid = group_id(user.substr(colon + 1), group);
  } else if (account) {
    identity.groups = memberships(account->name, group);
  }
  for (const auto& extra : groups) identity.groups.push_back(group_id(extra, group));
  // Its own group too, as at a login: what is denied to a group by an ACL or by mode bits must stay
  // so after a set-group-id program has changed the effective one (CVE-2022-36109).
  identity.groups.push_back(identity.gid);
  std::sort(identity.groups.begin(), identity.groups.end());
  identity.groups.erase(std::unique(identity.groups.begin(), identity.groups.end()),
                        identity.groups.end());
  return identity;
}

std::string read_account_file(const std::string& path) {
  std::optional<UniqueFd> file;
  try {
    // O_NONBLOCK: an image may hold a fifo here, whose open would wait for a writer for ever.
    file = open_beneath(sys::open("/", O_PATH | O_DIRECTORY), path,
                        O_RDONLY | O_NONBLOCK | O_NOCTTY, Links::follow);
  } catch (const Error& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return {};
    throw;
  }
  struct stat status = sys::fstat(*file);
  if (!S_ISREG(status.st_mode)) throw Error(cat("the image's ", path, " is not a regular file"));
  if (static_cast<size_t>(status.st_size) > max_account_file)
    throw Error(cat("the image's ", path, " is larger than 1 MiB"));
  std::string content(static_cast<size_t>(status.st_size), '\0');
  size_t filled = 0;
  while (filled < content.size()) {
    size_t got = sys::read(*file, content.data() + filled, content.size() - filled, path);
    if (got == 0) break;
    filled += got;
  }
  content.resize(filled);
  return content;
}

void become(const Identity& identity, uint64_t bounding) {
  drop_bounding(bounding);
  uint64_t permitted = permitted_capabilities();
  sys::prctl(PR_SET_KEEPCAPS, 1, "PR_SET_KEEPCAPS");
  if (::setgroups(identity.groups.size(), identity.groups.data()) != 0)
    throw Error{"setgroups", "", Errno{errno}};
  if (::setresgid(identity.gid, identity.gid, identity.gid) != 0)
    throw Error{"setresgid", std::to_string(identity.gid), Errno{errno}};
  if (::setresuid(identity.uid, identity.uid, identity.uid) != 0)
    throw Error{"setresuid", std::to_string(identity.uid), Errno{errno}};
  // Leaving uid 0 emptied the effective set; KEEPCAPS kept the permitted one.
  set_capability_sets(permitted, permitted);
}

void limit_capabilities(uint64_t capabilities) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  uint64_t granted = capabilities & permitted_capabilities();
  set_capability_sets(granted, granted);
}

}  // namespace estiba::runtime
