// Images as archives: saved, loaded, committed and exported; and what the store keeps of each.
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/sys.hpp"
#include "imgmgr/images.hpp"
#include "imgmgr/import.hpp"
#include "tests/support/image_fixture.hpp"

namespace estiba::img {
namespace {

using test::TarBuilder;

class Archive : public test::ImageTest {
 protected:
  static std::string config_of(const std::vector<std::string>& layers) {
    std::string diff_ids, history;
    for (const auto& layer : layers) {
      diff_ids += (diff_ids.empty() ? "\"sha256:" : ",\"sha256:") + Sha256::of(layer) + "\"";
      history += history.empty() ? "{}" : ",{}";
    }
    return R"({"architecture":")" + host_architecture() +
           R"(","os":"linux","config":{"Cmd":["x"]},"rootfs":{"type":"layers","diff_ids":[)" +
           diff_ids + R"(]},"history":[)" + history + "]}";
  }

  // docker save's form; the layers as they are stored, which may be compressed.
  static std::string docker_archive(const std::string& name, const std::vector<std::string>& layers,
                                    const std::vector<std::string>& stored) {
    TarBuilder tar;
    std::string names;
    for (size_t i = 0; i < stored.size(); ++i) {
      std::string file = std::to_string(i) + "/layer.tar";
      names += (i == 0 ? "\"" : ",\"") + file + "\"";
      tar.file(file, stored[i]);
    }
    tar.file("config.json", config_of(layers));
    tar.file("manifest.json", R"([{"Config":"config.json","RepoTags":[")" + name +
                                  R"("],"Layers":[)" + names + "]}]");
    return tar.finish();
  }

  std::string compressed(const std::string& program, const std::string& content) {
    std::string file = write("to-compress", content);
    EXPECT_EQ(std::system((program + " -c " + file + " >" + file + ".out").c_str()), 0);
    return fs::read_all(file + ".out");
  }

  std::vector<std::string> load(const std::string& archive) {
    return Images(root()).load(write("archive", archive), {});
  }
};

TEST_F(Archive, LayersMayBeCompressedAndTheArchiveToo) {
  std::vector<std::string> layers = {TarBuilder().file("a", "1").finish(),
                                     TarBuilder().file("b", "2").finish()};
  std::string plain = docker_archive("x:1", layers, layers);
  std::string inner =
      docker_archive("x:2", layers, {compressed("gzip", layers[0]), compressed("xz", layers[1])});
  EXPECT_EQ(load(plain), std::vector<std::string>{"x:1"});
  EXPECT_EQ(load(inner), std::vector<std::string>{"x:2"});
  EXPECT_EQ(load(compressed("gzip", docker_archive("x:3", layers, layers))),
            std::vector<std::string>{"x:3"});
  auto image = Images(root()).find("x:2");
  EXPECT_EQ(fs::read_all(image->layer_dirs[0] + "/b"), "2");
  EXPECT_EQ(Images(root()).find("x:3")->id, image->id);
}

TEST_F(Archive, WhatACrashHasLeftOfItsConfigurationIsWrittenAgain) {
  std::vector<std::string> layers = {TarBuilder().file("a", "1").finish()};
  std::string archive = docker_archive("x:1", layers, layers);
  load(archive);
  std::string id = Images(root()).find("x:1")->id;
  write("state/images/blobs/sha256/" + id.substr(7), "");
  EXPECT_FALSE(Images(root()).find("x:1"));
  load(archive);
  EXPECT_EQ(Images(root()).find("x:1")->id, id);
}

TEST_F(Archive, ALayerIsUnpackedUponThoseBeneathIt) {
  TarBuilder::Meta special;
  special.mode = 0711;
  special.uid = 5;
  std::vector<std::string> layers = {TarBuilder().dir("d", special).file("d/a", "1").finish(),
                                     TarBuilder().file("d/b", "2").finish()};
  load(docker_archive("x", layers, layers));
  auto status = sys::lstat(Images(root()).find("x")->layer_dirs[0] + "/d");
  EXPECT_EQ(status->st_mode & 07777, 0711u);
  EXPECT_EQ(status->st_uid, 5u);
}

TEST_F(Archive, ADamagedLayerIsRefusedAndLeavesNoImage) {
  std::vector<std::string> layers = {TarBuilder().file("a", "1").finish()};
  std::string other = TarBuilder().file("a", "2").finish();
  EXPECT_THROW(load(docker_archive("x", layers, {other})), Error);
  EXPECT_TRUE(Images(root()).list().empty());
}

TEST_F(Archive, AnArchiveOfLinksIsReadBeneathItself) {
  std::vector<std::string> layers = {TarBuilder().file("a", "1").finish()};
  std::string config = config_of(layers);
  std::string out = TarBuilder()
                        .file("real.tar", layers[0])
                        .symlink("layer.tar", "real.tar")
                        .file("config.json", config)
                        .symlink("manifest.json", "/etc/passwd")
                        .finish();
  EXPECT_THROW(load(out), Error);
  std::string good =
      TarBuilder()
          .file("real.tar", layers[0])
          .symlink("layer.tar", "real.tar")
          .file("config.json", config)
          .file("manifest.json",
                R"([{"Config":"config.json","RepoTags":["x:1"],"Layers":["layer.tar"]}])")
          .finish();
  EXPECT_EQ(load(good), std::vector<std::string>{"x:1"});
}

TEST_F(Archive, AnIndexOfPlatformsMeansThisHosts) {
  std::string layer = TarBuilder().file("a", "1").finish(), config = config_of({layer});
  auto digest = [](const std::string& text) { return "sha256:" + Sha256::of(text); };
  auto described = [&](const std::string& text) {
    return R"({"digest":")" + digest(text) + R"(","size":)" + std::to_string(text.size());
  };
  std::string manifest = R"({"schemaVersion":2,"config":)" + described(config) + R"(},"layers":[)" +
                         described(layer) + "}]}";
  std::string nested = R"({"schemaVersion":2,"manifests":[)" + described("x") +
                       R"(,"platform":{"os":"linux","architecture":"none"}},)" +
                       described(manifest) + R"(,"platform":{"os":"linux","architecture":")" +
                       host_architecture() + R"("}}]})";
  std::string index = R"({"schemaVersion":2,"manifests":[)" + described(nested) +
                      R"(,"annotations":{"org.opencontainers.image.ref.name":"y:2"}}]})";
  TarBuilder tar;
  for (const auto& blob : {layer, config, manifest, nested})
    tar.file("blobs/sha256/" + Sha256::of(blob), blob);
  EXPECT_EQ(load(tar.file("index.json", index).finish()), std::vector<std::string>{"y:2"});
}

TEST_F(Archive, TheOciFormHasNoManifestOfDockers) {
  Images images(root());
  images.import(write("a.tar", TarBuilder().file("a", "1").finish()), "x", {}, "", {});
  images.save({"x"}, path("out.tar"), SaveFormat::oci);
  EXPECT_EQ(fs::read_all(path("out.tar")).find("manifest.json"), std::string::npos);
  Images other(path("other"));
  EXPECT_EQ(other.load(path("out.tar"), {}), std::vector<std::string>{"x:latest"});
}

TEST_F(Archive, ACommittedContainerIsAnImageWithOneLayerMore) {
  Images images(root());
  std::string base =
      images.import(write("a.tar", TarBuilder().dir("d").file("d/a", "1").file("b", "2").finish()),
                    "base", {}, "", {});
  std::string upper = path("upper");
  fs::make_dirs(upper + "/d", 0750);
  write("upper/d/new", "3");
  ASSERT_EQ(::mknod((upper + "/b").c_str(), S_IFCHR | 0600, 0), 0);
  std::string id = images.commit({base, upper, "made:1", "me", "why", {"CMD [\"run\"]"}, {}});
  auto image = images.find("made:1");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->id, id);
  EXPECT_EQ(image->config.cmd, std::vector<std::string>{"run"});
  EXPECT_EQ(image->config.author, "me");
  EXPECT_EQ(image->history.back().comment, "why");
  ASSERT_EQ(image->diff_ids.size(), 2u);
  EXPECT_EQ(fs::read_all(image->layer_dirs[0] + "/d/new"), "3");
  images.export_files(base, upper, path("export.tar"));
  Images(path("other")).import(path("export.tar"), "flat", {}, "", {});
  auto flat = Images(path("other")).find("flat");
  EXPECT_EQ(fs::read_all(flat->layer_dirs[0] + "/d/a"), "1");
  EXPECT_FALSE(fs::exists(flat->layer_dirs[0] + "/b"));
}

TEST_F(Archive, TenImagesThatShareLayersTakeTheDiskOfThoseLayers) {
  std::string big(size_t{1} << 20, 'x');
  std::vector<std::string> shared = {TarBuilder().file("a", big).finish(),
                                     TarBuilder().file("b", big + "2").finish()};
  for (int i = 0; i < 10; ++i) {
    std::vector<std::string> layers = shared;
    layers.push_back(TarBuilder().file("own", std::to_string(i)).finish());
    load(docker_archive("image" + std::to_string(i), layers, layers));
  }
  uint64_t blocks = 0;
  Images images(root());
  auto list = images.list();
  EXPECT_EQ(list.size(), 10u);
  for (const auto& name : fs::list_dir(root() + "/images/layers/sha256"))
    for (const auto& file : fs::list_dir(root() + "/images/layers/sha256/" + name + "/fs"))
      blocks += static_cast<uint64_t>(
          sys::lstat(root() + "/images/layers/sha256/" + name + "/fs/" + file)->st_size);
  EXPECT_EQ(blocks, 2 * big.size() + 1 + 10);
  EXPECT_TRUE(fs::list_dir(root() + "/images/tmp").empty());
  EXPECT_EQ(list.front().layer_sizes, (std::vector<uint64_t>{big.size(), big.size() + 1, 1}));
}

TEST_F(Archive, AFullDiskIsNamedAndGivenBack) {
  fs::make_dirs(root());
  ASSERT_EQ(::mount("tmpfs", root().c_str(), "tmpfs", 0, "size=72m"), 0);
  std::string archive =
      write("big.tar", TarBuilder().file("a", std::string(24 << 20, 'x')).finish());
  std::string message;
  try {
    Images(root()).import(archive, "x", {}, "", {});
  } catch (const Error& error) {
    message = error.message();
  }
  EXPECT_NE(message.find("are left"), std::string::npos) << message;
  EXPECT_TRUE(fs::list_dir(root() + "/images/tmp").empty());
  EXPECT_EQ(::umount2(root().c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace estiba::img
