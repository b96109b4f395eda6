# Every library comes from Debian; each is named once here and linked by the one room that may use it.
find_package(Boost 1.81 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBSECCOMP REQUIRED libseccomp)
find_path(CXXOPTS_INCLUDE cxxopts.hpp REQUIRED)
# Of these three the headers alone: the libraries of the first two are loaded when first needed.
find_path(CURL_INCLUDE curl/curl.h REQUIRED)
find_path(ISAL_INCLUDE isa-l/igzip_lib.h REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_package(Threads REQUIRED)

# Static where Debian ships an archive: the program starts faster and needs fewer runtime packages.
find_library(YAML_CPP_STATIC libyaml-cpp.a REQUIRED)
find_library(SECCOMP_STATIC libseccomp.a REQUIRED)
find_library(ARCHIVE_STATIC libarchive.a REQUIRED)
find_library(ZSTD_STATIC libzstd.a REQUIRED)
find_library(LZMA_STATIC liblzma.a REQUIRED)
find_library(BZ2_STATIC libbz2.a REQUIRED)
find_library(ZLIB_STATIC libz.a REQUIRED)
find_library(CRYPTO_STATIC libcrypto.a REQUIRED)
