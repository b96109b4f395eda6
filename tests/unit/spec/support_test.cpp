// The pages made from the schema are those in docs/, and what is not in effect is told once.
#include "compose-spec/schema/support.hpp"

#include <cstdlib>

#include "base/error.hpp"
#include "project_dir.hpp"

namespace estiba::spec {
namespace {

void expect_page(const std::string& name, const std::string& text) {
  std::string path = std::string(ESTIBA_SOURCE_DIR "/docs/") + name;
  if (std::getenv("ESTIBA_UPDATE_GOLDEN"))
    fs::write_atomic(path, text, 0644, fs::Durability::relaxed);
  EXPECT_TRUE(fs::read_if_exists(path).value_or("") == text)
      << path << " is not what the schema says; run unit_spec with ESTIBA_UPDATE_GOLDEN=1";
}

TEST(Support, ThePagesAreThoseOfTheSchema) {
  expect_page("compose-support.md", support_page());
  expect_page("compose-schema.json", json_schema());
}

TEST(Support, EachStoredAttributeIsOnThePage) {
  std::string page = support_page();
  size_t stored = 0;
  for (size_t at = page.find("stored only |"); at != std::string::npos;
       at = page.find("stored only |", at + 1))
    ++stored;
  EXPECT_GT(stored, 48u) << "a name in the table is not in the schema, or the table is not sorted";
  EXPECT_TRUE(is_stored_only("services.*.deploy.update_config.order"));
  EXPECT_TRUE(is_stored_only("services.*.external_links"));
  EXPECT_TRUE(is_stored_only("configs.*.labels"));
  EXPECT_FALSE(is_stored_only("services.*.image"));
}

TEST(Support, SaysOnceAndWhereWhatIsNotInEffect) {
  ProjectDir dir({{"compose.yaml",
                   "services:\n"
                   "  a:\n    image: x\n    gpus: all\n    deploy:\n      update_config: {order: "
                   "start-first}\n      placement: {}\n"
                   "  b:\n    image: x\n    gpus: all\n"}});
  Loaded loaded = load(dir.options);
  EXPECT_TRUE(loaded.diagnostics.empty());
  std::string said;
  for (const Diagnostic& one : loaded.not_in_effect) said += to_text(one, dir.path());
  EXPECT_EQ(said,
            "compose.yaml:4:5: warning: services.a.gpus: is not in effect yet: it is only stored; "
            "docs/compose-support.md lists what is\n"
            "      gpus: all\n"
            "      ^\n"
            "compose.yaml:6:7: warning: services.a.deploy.update_config: is not in effect yet: it "
            "is only stored; docs/compose-support.md lists what is\n"
            "        update_config: {order: start-first}\n"
            "        ^\n");
}

TEST(Support, SaysItOnlyOfServicesThatTakePart) {
  ProjectDir dir({{"compose.yaml",
                   "services:\n"
                   "  a: {image: x, gpus: all}\n"
                   "  b: {image: x, cpu_count: 1}\n"
                   "  c: {image: x, storage_opt: {size: 1g}, depends_on: [b]}\n"}});
  auto said = [&] {
    std::string out;
    for (const Diagnostic& one : load(dir.options).not_in_effect)
      out += cat(to_text(one, dir.path()).substr(0, 48), "\n");
    return out;
  };
  dir.options.targets = {"c"};
  EXPECT_EQ(said(),
            "compose.yaml:3:17: warning: services.b.cpu_count\n"
            "compose.yaml:4:17: warning: services.c.storage_o\n");
  dir.options.with_dependencies = false;
  EXPECT_EQ(said(), "compose.yaml:4:17: warning: services.c.storage_o\n");
}

TEST(Support, NamesWhatAnEndpointIsGivenInVain) {
  ProjectDir dir(
      {{"compose.yaml",
        "services:\n  a:\n    image: x\n    networks:\n      default:\n"
        "        link_local_ips: [169.254.8.8]\n"
        "        driver_opts:\n"
        "          com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.rp_filter=1\n"}});
  std::string said;
  for (const Diagnostic& one : load(dir.options).not_in_effect) said += to_text(one, dir.path());
  EXPECT_NE(said.find("services.a.networks.default.link_local_ips: is not in effect"), said.npos);
  EXPECT_NE(said.find("services.a.networks.default.driver_opts: is not in effect"), said.npos);
}

}  // namespace
}  // namespace estiba::spec
