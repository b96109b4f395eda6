// resolv.conf(5), both ways.
#include "base/error.hpp"
#include "base/text.hpp"
#include "netmgr/name_server.hpp"

namespace estiba::net {
namespace {

std::vector<std::string> words_of(std::string line) {
  line = line.substr(0, line.find_first_of("#;"));
  for (char& c : line)
    if (c == '\t') c = ' ';
  std::vector<std::string> words;
  for (const auto& word : text::split(text::trim(line), ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

}  // namespace

std::string to_text(const ResolvConf& conf) {
  std::string out;
  if (!conf.search.empty()) out += cat("search ", text::join(conf.search, " "), "\n");
  for (const auto& server : conf.nameservers) out += cat("nameserver ", server, "\n");
  if (!conf.options.empty()) out += cat("options ", text::join(conf.options, " "), "\n");
  return out;
}

ResolvConf parse_resolv_conf(const std::string& text) {
  ResolvConf conf;
  for (const auto& line : text::split(text, '\n')) {
    auto words = words_of(line);
    if (words.size() < 2) continue;
    std::string key = words[0];
    words.erase(words.begin());
    if (key == "nameserver") conf.nameservers.push_back(words[0]);
    // The last of several search or domain lines counts.
    if (key == "search" || key == "domain") conf.search = words;
    if (key == "options") conf.options.insert(conf.options.end(), words.begin(), words.end());
  }
  return conf;
}

}  // namespace estiba::net
