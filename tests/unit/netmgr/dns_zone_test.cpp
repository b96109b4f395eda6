#include <gtest/gtest.h>

#include "base/error.hpp"
#include "netmgr/dns/zone.hpp"

namespace estiba::net::dns {
namespace {

Host host(const std::string& network, const std::string& container, const std::string& address,
          std::vector<std::string> names) {
  Host out{network, container, *parse_address(address), {}, {}, {}};
  out.names = std::move(names);
  out.canonical_name = container;
  return out;
}

Query ask(const std::string& name, Type type) {
  Query query;
  query.name = name;
  query.type = static_cast<uint16_t>(type);
  query.klass = 1;
  return query;
}

std::string text_of(const Lookup& lookup) {
  if (lookup.verdict == Verdict::forward) return "forward";
  if (lookup.verdict == Verdict::unknown) return "unknown";
  std::string out = "answered";
  for (const auto& record : lookup.answer.records) {
    auto address = address_of(record.data);
    out += record.type == Type::ptr ? cat(" ptr:", record.data.substr(1))
                                    : cat(" ", to_text(*address));
  }
  return out;
}

class Names : public ::testing::Test {
 protected:
  std::vector<Host> hosts_ = {
      host("app_front", "web-1", "10.0.1.2", {"web", "WEB-1", "www"}),
      host("app_front", "api-1", "10.0.1.3", {"api", "api-1"}),
      host("app_front", "api-2", "10.0.1.4", {"api", "api-2"}),
      host("app_back", "api-1", "10.0.2.2", {"api", "api-1"}),
      host("app_back", "db-1", "10.0.2.3", {"db", "db-1"}),
  };
  std::string look_up(const std::string& network, const std::string& address,
                      const std::string& name, Type type = Type::a, size_t rotation = 0) {
    for (auto& one : hosts_) one.internal = one.network == "app_back";
    return text_of(
        Zone(hosts_).look_up({network, *parse_address(address)}, ask(name, type), rotation));
  }
};

TEST_F(Names, OfTheAskersNetworksAreAnswered) {
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web"), "answered 10.0.1.2");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "db"), "answered 10.0.2.3")
      << "api-1 is on both networks, wherever it asks";
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "db"), "forward") << "web-1 is not";
}

TEST_F(Names, TakeTurnsAmongReplicas) {
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "api", Type::a, 0), "answered 10.0.1.3 10.0.1.4");
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "api", Type::a, 1), "answered 10.0.1.4 10.0.1.3");
}

TEST_F(Names, OfStoppedContainersAreNotAnswered) {
  hosts_[2].active = false;
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "api"), "answered 10.0.1.3");
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "api-2"), "forward");
}

TEST_F(Names, WithoutAnAddressOfAFamilyAreAnsweredEmpty) {
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web", Type::aaaa), "answered");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web", static_cast<Type>(16)), "answered");
  hosts_[0].address6 = parse_address("fd77::2");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web", Type::aaaa), "answered fd77::2");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web", Type::any), "answered 10.0.1.2 fd77::2");
}

TEST_F(Names, IgnoreCase) {
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "web-1"), "answered 10.0.1.2");
}

TEST_F(Names, MayCarryTheNetwork) {
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "db.app_back"), "answered 10.0.2.3");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "api-1.app_back"), "answered 10.0.2.2");
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "db.app_front"), "forward");
}

TEST_F(Names, BehindAnAddressAreContainerAndNetwork) {
  EXPECT_EQ(look_up("app_front", "10.0.1.3", "2.1.0.10.in-addr.arpa", Type::ptr),
            cat("answered ptr:web-1\x9", "app_front", std::string_view("\0", 1)));
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "3.2.0.10.in-addr.arpa", Type::ptr), "forward");
}

TEST_F(Names, OutsideAreForwardedUnlessEveryNetworkIsInternal) {
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "example.org"), "forward");
  EXPECT_EQ(look_up("app_back", "10.0.2.2", "example.org"), "forward") << "api-1 has a way out";
  EXPECT_EQ(look_up("app_back", "10.0.2.3", "example.org"), "unknown");
  EXPECT_EQ(look_up("app_back", "10.0.2.3", "9.9.9.9.in-addr.arpa", Type::ptr), "unknown");
}

TEST_F(Names, OutsideAreNotForwardedWhereAnAskerMayPoseAsAnother) {
  for (auto& host : hosts_) host.forgeable = host.network == "app_back";
  EXPECT_EQ(look_up("app_back", "10.0.2.2", "example.org"), "unknown");
  EXPECT_EQ(look_up("app_back", "10.0.2.2", "9.9.9.9.in-addr.arpa", Type::ptr), "unknown");
  EXPECT_EQ(look_up("app_front", "10.0.1.2", "example.org"), "forward");
}

TEST_F(Names, ForAStrangerAreThoseOfTheNetworkAlone) {
  EXPECT_EQ(look_up("app_front", "10.78.0.0", "web"), "answered 10.0.1.2");
  EXPECT_EQ(look_up("app_front", "10.78.0.0", "db"), "unknown");
  EXPECT_EQ(look_up("app_front", "10.78.0.0", "example.org"), "unknown");
}

TEST_F(Names, OfAnotherClassAreNotOurs) {
  Query chaos = ask("web", Type::a);
  chaos.klass = 3;
  EXPECT_EQ(text_of(Zone(hosts_).look_up({"app_front", *parse_address("10.0.1.3")}, chaos, 0)),
            "forward");
}

}  // namespace
}  // namespace estiba::net::dns
