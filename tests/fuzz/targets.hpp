// What is fed with arbitrary bytes, by libFuzzer or by the replay of the kept corpus. A target
// returns whatever the bytes are; it ends the process if a promise is broken.
#pragma once
#include <array>
#include <string_view>

namespace estiba::fuzz {

struct Target {
  std::string_view name;
  void (*feed)(std::string_view bytes);
};

// Compose files (spec_targets.cpp).
void feed_yaml_tree(std::string_view bytes);
void feed_interpolation(std::string_view bytes);
void feed_dotenv(std::string_view bytes);
void feed_ports(std::string_view bytes);
void feed_durations(std::string_view bytes);
void feed_load(std::string_view bytes);
/// The model as a client sends it to the server.
void feed_model(std::string_view bytes);

// Archives and layers (archive_targets.cpp).
void feed_archive(std::string_view bytes);
void feed_layer(std::string_view bytes);

// Registries and what is kept for them (registry_targets.cpp).
void feed_manifest(std::string_view bytes);
void feed_challenge(std::string_view bytes);
void feed_credentials(std::string_view bytes);
void feed_registries(std::string_view bytes);

// Builds (build_targets.cpp).
void feed_dockerfile(std::string_view bytes);
void feed_dockerignore(std::string_view bytes);

// What containers send, or bring (container_targets.cpp).
void feed_names(std::string_view bytes);
void feed_wire(std::string_view bytes);
void feed_seccomp_profile(std::string_view bytes);

// Requests of the API (api_targets.cpp).
void feed_api(std::string_view bytes);

inline constexpr std::array targets{
    Target{"api", feed_api},
    Target{"yaml_tree", feed_yaml_tree},
    Target{"interpolation", feed_interpolation},
    Target{"dotenv", feed_dotenv},
    Target{"ports", feed_ports},
    Target{"durations", feed_durations},
    Target{"load", feed_load},
    Target{"model", feed_model},
    Target{"archive", feed_archive},
    Target{"layer", feed_layer},
    Target{"manifest", feed_manifest},
    Target{"challenge", feed_challenge},
    Target{"credentials", feed_credentials},
    Target{"registries", feed_registries},
    Target{"dockerfile", feed_dockerfile},
    Target{"dockerignore", feed_dockerignore},
    Target{"names", feed_names},
    Target{"wire", feed_wire},
    Target{"seccomp_profile", feed_seccomp_profile},
};

}  // namespace estiba::fuzz
