#include "netmgr/name_server.hpp"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "base/error.hpp"
#include "base/fs.hpp"
#include "lab.hpp"
#include "netmgr/dns/codec.hpp"
#include "netmgr/netns.hpp"

namespace estiba::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string query_bytes(const std::string& name, dns::Type type) {
  std::string packet("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  packet += dns::name_record(name).data;
  packet += std::string{'\0', static_cast<char>(type), '\0', '\1'};
  return packet;
}

// The addresses at the ends of A and AAAA records, or the response code.
std::string text_of_reply(const std::string& reply, const std::string& query) {
  if (reply.empty()) return "no reply";
  int rcode = reply[3] & 0xf;
  if (rcode != 0) return cat("rcode ", std::to_string(rcode));
  std::string out;
  size_t at = query.size();
  for (int i = 0; i < reply[7]; ++i) {
    auto length = static_cast<size_t>(static_cast<unsigned char>(reply[at + 11]));
    std::string data = reply.substr(at + 12, length);
    auto address = address_of(data);
    if (!out.empty()) out += ' ';
    out += address ? to_text(*address) : data.substr(1);
    at += 12 + length;
  }
  return out.empty() ? "empty" : out;
}

class ServiceNames : public lab::Lab {
 protected:
  void SetUp() override {
    Lab::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    networks_.emplace(config(), nullptr);
    NetworkSpec spec;
    spec.name = "front";
    networks_->create(spec);
    spec.name = "back";
    spec.internal = true;
    networks_->create(spec);
    container(*networks_, "web", {"front", "back"});
    container(*networks_, "db", {"back"});
    set_upstream("127.0.0.1");
    server_.emplace(io_, *networks_, resolv_conf());
    server_->sync();
  }
  void TearDown() override {
    server_.reset();
    Lab::TearDown();
  }

  std::string resolv_conf() const { return dir_ + "/resolv.conf"; }
  void set_upstream(const std::string& address) {
    fs::write_atomic(resolv_conf(), cat("nameserver ", address, "\n"));
  }
  std::string gateway(const std::string& network) { return networks_->find(network)->gateway; }
  std::string address_of_container(const std::string& name, size_t lease = 0) {
    return networks_->sandbox(name)->leases.at(lease).address;
  }

  UniqueFd connected(const std::string& from, const std::string& network, int type) {
    ScopedNetns there(netns_of(*networks_, from));
    UniqueFd fd{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(53);
    target.sin_addr.s_addr = htonl(static_cast<uint32_t>(parse_address(gateway(network))->number));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&target), sizeof target), 0);
    return fd;
  }
  // Runs the server until something can be read, or the time is up.
  std::string receive(FdRef fd, milliseconds patience = milliseconds(3000)) {
    std::string reply(65536, '\0');
    auto end = steady_clock::now() + patience;
    while (steady_clock::now() < end) {
      io_.restart();
      io_.run_for(milliseconds(2));
      ssize_t got = ::recv(fd.get(), reply.data(), reply.size(), MSG_DONTWAIT);
      if (got >= 0) return reply.substr(0, static_cast<size_t>(got));
    }
    return {};
  }
  std::string ask(const std::string& from, const std::string& network, const std::string& name,
                  dns::Type type = dns::Type::a) {
    UniqueFd fd = connected(from, network, SOCK_DGRAM);
    std::string query = query_bytes(name, type);
    ::send(fd.get(), query.data(), query.size(), 0);
    return text_of_reply(receive(fd), query);
  }

  boost::asio::io_context io_;
  std::optional<Networks> networks_;
  std::optional<NameServer> server_;
};

TEST_F(ServiceNames, AreAnsweredOnEveryNetworkOfTheAsker) {
  EXPECT_EQ(ask("web", "front", "db"), address_of_container("db"));
  EXPECT_EQ(ask("web", "back", "DB"), address_of_container("db"));
  EXPECT_EQ(ask("db", "back", "web"), address_of_container("web", 1));
  EXPECT_EQ(ask("db", "back", "web", dns::Type::aaaa), "empty");
  EXPECT_EQ(ask("db", "back", "example.org"), "rcode 3");
  networks_->set_active("web", false);
  EXPECT_EQ(ask("db", "back", "web"), "rcode 3");
}

TEST_F(ServiceNames, AreAnsweredOverTcpToo) {
  for (int i = 0; i < 60; ++i) {
    networks_->create_sandbox(cat("r", std::to_string(i)));
    EndpointRequest request;
    request.network = "back";
    request.names = {"many"};
    networks_->attach(cat("r", std::to_string(i)), request);
  }
  UniqueFd udp = connected("db", "back", SOCK_DGRAM);
  std::string query = query_bytes("many", dns::Type::a);
  ::send(udp.get(), query.data(), query.size(), 0);
  std::string cut = receive(udp);
  ASSERT_GT(cut.size(), 12u);
  EXPECT_TRUE(cut[2] & 2) << "truncated";
  UniqueFd tcp = connected("db", "back", SOCK_STREAM);
  for (int i = 0; i < 2; ++i) {
    std::string framed = cat(std::string{'\0', static_cast<char>(query.size())}, query);
    ::send(tcp.get(), framed.data(), framed.size(), 0);
    EXPECT_EQ(receive(tcp).size(), 2 + query.size() + 60 * 16) << "one connection, two questions";
  }
}

TEST_F(ServiceNames, OutsideAreAskedOfTheHostsResolver) {
  UniqueFd upstream;
  {
    upstream = UniqueFd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(53);
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(upstream.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  }
  UniqueFd fd = connected("web", "front", SOCK_DGRAM);
  std::string query = query_bytes("example.org", dns::Type::a);
  ::send(fd.get(), query.data(), query.size(), 0);
  std::string asked(1000, '\0');
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  ssize_t got = -1;
  for (int i = 0; i < 1000 && got < 0; ++i) {
    io_.restart();
    io_.run_for(milliseconds(2));
    got = ::recvfrom(upstream.get(), asked.data(), asked.size(), MSG_DONTWAIT,
                     reinterpret_cast<sockaddr*>(&from), &size);
  }
  ASSERT_EQ(got, static_cast<ssize_t>(query.size()));
  asked.resize(static_cast<size_t>(got));
  EXPECT_EQ(asked.substr(2), query.substr(2));
  auto parsed = dns::parse_query(asked);
  dns::Answer answer{dns::Rcode::no_error, {dns::address_record(*parse_address("203.0.113.9"))}};
  std::string forged = encode(*parsed.query, answer, dns::Transport::udp);
  dns::set_id(forged, static_cast<uint16_t>(parsed.query->id + 1));
  ::sendto(upstream.get(), forged.data(), forged.size(), 0, reinterpret_cast<sockaddr*>(&from),
           size);
  EXPECT_EQ(receive(fd, milliseconds(100)), "") << "a wrong id is not taken";
  std::string reply = encode(*parsed.query, answer, dns::Transport::udp);
  ::sendto(upstream.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  std::string received = receive(fd);
  EXPECT_EQ(text_of_reply(received, query), "203.0.113.9");
  EXPECT_EQ(received.substr(0, 2), query.substr(0, 2)) << "the asker's id";
}

TEST_F(ServiceNames, OutsideFailAtOnceWhenNobodyListens) {
  EXPECT_EQ(ask("web", "front", "example.org"), "rcode 2") << "127.0.0.1 refuses";
  set_upstream("127.0.0.2");
  EXPECT_EQ(ask("web", "front", "example.org"), "rcode 2") << "the file is read again";
  fs::write_atomic(resolv_conf(), "");
  EXPECT_EQ(ask("web", "front", "example.org"), "rcode 2");
}

TEST_F(ServiceNames, LetGoOfARemovedNetwork) {
  networks_->remove_sandbox("web");
  networks_->remove("front");
  server_->sync();
  EXPECT_EQ(ask("db", "back", "db"), address_of_container("db"));
  NetworkSpec spec;
  spec.name = "front";
  networks_->create(spec);
  server_->sync();
  container(*networks_, "web", {"front"});
  EXPECT_EQ(ask("web", "front", "web"), address_of_container("web"));
}

TEST_F(ServiceNames, AreAnsweredAgainByTheNextServer) {
  server_.reset();
  networks_.reset();
  networks_.emplace(config(), nullptr);
  server_.emplace(io_, *networks_, resolv_conf());
  server_->sync();
  EXPECT_EQ(ask("web", "front", "db"), address_of_container("db"));
}

TEST_F(ServiceNames, AreAnsweredOverTcpWhileOneContainerHoldsManyConnections) {
  std::vector<UniqueFd> held;
  for (int i = 0; i < 300; ++i) {
    held.push_back(connected("web", "back", SOCK_STREAM));
    if (i % 3 == 0) ::send(held.back().get(), "\xff", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    io_.restart();
    io_.run_for(milliseconds(1));
  }
  std::string query = query_bytes("web", dns::Type::a);
  std::string framed = cat(std::string{'\0', static_cast<char>(query.size())}, query);
  UniqueFd other = connected("db", "back", SOCK_STREAM);
  ::send(other.get(), framed.data(), framed.size(), 0);
  std::string reply = receive(other);
  ASSERT_GT(reply.size(), 2u);
  EXPECT_EQ(text_of_reply(reply.substr(2), query), address_of_container("web", 1));
  held.clear();
  UniqueFd again = connected("web", "back", SOCK_STREAM);
  for (int i = 0; i < 50; ++i) io_.run_for(milliseconds(1));
  ::send(again.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
  EXPECT_GT(receive(again).size(), 2u) << "its share is given back";
}

TEST_F(ServiceNames, SurviveAFlood) {
  UniqueFd fd = connected("web", "front", SOCK_DGRAM);
  std::string query = query_bytes("db", dns::Type::a);
  std::string outside = query_bytes("example.org", dns::Type::a);
  set_upstream("192.0.2.250");  // nobody: every question waits
  for (int i = 0; i < 500; ++i) {
    std::string& one = i % 2 ? query : outside;
    ::send(fd.get(), one.data(), one.size(), MSG_DONTWAIT);
    ::send(fd.get(), one.data(), one.size() / 2, MSG_DONTWAIT);
    if (i % 50 == 0) io_.run_for(milliseconds(1));
  }
  EXPECT_EQ(ask("db", "back", "web"), address_of_container("web", 1));
}

}  // namespace
}  // namespace estiba::net
