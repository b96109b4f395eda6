#include "orchestrator/security_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "orchestrator/lower.hpp"

namespace estiba::orchestrator {
namespace {

using testing::HasSubstr;

constexpr SecurityModules none{};
constexpr SecurityModules both{.apparmor = true, .selinux = true};

spec::Service asking(const std::vector<std::string>& options) {
  spec::Service service;
  service.name = "web";
  service.security_opt = options;
  return service;
}

std::string refusal(const spec::Service& service, const SecurityModules& modules = none) {
  try {
    refuse_unkept(service, modules);
  } catch (const Error& error) {
    return error.message();
  }
  return "";
}

TEST(SecurityOptions, AreReadInEverySpelling) {
  auto privileges = [](const std::string& option) {
    return security_options(asking({option})).no_new_privileges;
  };
  for (const char* yes : {"no-new-privileges", "no-new-privileges:true", "no-new-privileges=1"})
    EXPECT_EQ(privileges(yes), true) << yes;
  EXPECT_EQ(privileges("no-new-privileges:false"), false);
  EXPECT_EQ(security_options(asking({"seccomp:unconfined"})).seccomp, "unconfined");
  EXPECT_EQ(security_options(asking({"seccomp=builtin"})).seccomp, "");
  EXPECT_EQ(security_options(asking({"seccomp=./p.json"})).seccomp, "./p.json");
  EXPECT_TRUE(security_options(asking({"systempaths=unconfined"})).all_paths);
}

TEST(SecurityOptions, ThatNobodyKnowsAreRefused) {
  for (const char* option :
       {"aparmor=x", "", "seccomp", "seccomp=", "apparmor", "no-new-privileges:maybe",
        "systempaths=all", "label", "writable-cgroups=true", "credentialspec=file://x"})
    EXPECT_THAT(refusal(asking({option})), HasSubstr("services.web.security_opt")) << option;
}

TEST(SecurityOptions, ANamedAppArmorProfileIsRefusedAndNeverIgnored) {
  for (const char* option : {"apparmor=docker-default", "apparmor:mine"}) {
    EXPECT_THAT(refusal(asking({option}), none), HasSubstr("this kernel has no AppArmor"));
    EXPECT_THAT(refusal(asking({option}), both), HasSubstr("not applied"));
  }
  EXPECT_EQ(refusal(asking({"apparmor=unconfined"}), both), "");
}

TEST(SecurityOptions, LabelsAreANoticeWithoutSelinuxAndRefusedWithIt) {
  spec::Service service = asking({"label=type:svirt_t", "label:disable"});
  EXPECT_EQ(refusal(service, none), "");
  EXPECT_EQ(without_effect(service, none).size(), 1u);
  EXPECT_THAT(refusal(service, both), HasSubstr("label=type:svirt_t"));
  EXPECT_TRUE(without_effect(asking({"label=disable"}), none).empty());
}

TEST(SecurityOptions, AModeThatNobodyKnowsIsRefusedInsteadOfMeaningTheDefault) {
  struct Case {
    std::string spec::Service::*member;
    const char* good;
    const char* bad;
  };
  for (const Case& one :
       {Case{&spec::Service::pid, "host", "hots"}, Case{&spec::Service::ipc, "service:db", "hosts"},
        Case{&spec::Service::uts, "host", "service:db"},
        Case{&spec::Service::userns_mode, "host", "keep-id"},
        Case{&spec::Service::network_mode, "container:x", "slirp4netns"},
        Case{&spec::Service::runtime, "runc", "runsc"},
        Case{&spec::Service::isolation, "default", "hyperv"}}) {
    spec::Service service = asking({});
    service.*one.member = one.good;
    EXPECT_EQ(refusal(service), "");
    service.*one.member = one.bad;
    EXPECT_THAT(refusal(service), HasSubstr(one.bad));
  }
}

LowerInput input_of(const spec::Project& model, const img::ImageRecord& image) {
  return {model, model.services.begin()->second, image, std::string(64, 'a'), "/c", {}, {}, {}, {}};
}

TEST(LoweredSecurity, AnExplicitProfileHoldsForAPrivilegedContainerToo) {
  spec::Project model;
  model.services["web"] = asking({"seccomp=/p.json"});
  model.services["web"].privileged = true;
  model.services["web"].command = {{"true"}};
  img::ImageRecord image;
  LowerInput input = input_of(model, image);
  input.contents[seccomp_content] = "{}";
  EXPECT_EQ(lower(input).seccomp, runtime::SeccompMode::custom);
  EXPECT_EQ(lower(input).seccomp_profile, "{}");
}

TEST(LoweredSecrets, AreBoundWithoutFollowingLinksOrElseWhatWasKept) {
  spec::Project model;
  model.services["web"] = asking({});
  model.services["web"].command = {{"true"}};
  model.services["web"].secrets.emplace_back().source = "s";
  model.secrets["s"].file = "/project/s";
  img::ImageRecord image;
  LowerInput input = input_of(model, image);
  input.contents["secrets/s"] = "kept";
  auto last = [&] { return lower(input).mounts.back(); };
  EXPECT_EQ(std::get<runtime::FileMount>(last()).content, "kept");
  input.bound_files["secrets/s"] = "/real/s";
  EXPECT_EQ(std::get<runtime::BindMount>(last()).source, "/real/s");
  EXPECT_FALSE(std::get<runtime::BindMount>(last()).follow_links);
}

}  // namespace
}  // namespace estiba::orchestrator
