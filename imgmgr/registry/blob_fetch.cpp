#include "imgmgr/registry/blob_fetch.hpp"

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "imgmgr/registry/retry.hpp"

namespace estiba::img {
namespace {

// However often a connection breaks with something to show for it.
constexpr int max_resumptions = 100;

class BlobFetch {
 public:
  BlobFetch(Remote& remote, HttpClient& client, const Descriptor& blob,
            const std::function<void(std::string_view)>& sink)
      : remote_(remote), client_(client), blob_(blob), sink_(sink) {}

  void run() {
    int fruitless = 0;
    for (int count = 0; received_ < blob_.size || !asked_; ++count) {
      uint64_t before = received_;
      RemoteAnswer answer = ask();
      if (received_ == blob_.size && asked_) break;
      fruitless = received_ > before ? 1 : fruitless + 1;
      auto wait = retry_wait(fruitless, std::nullopt, 0.5);
      if (!wait || count == max_resumptions) give_up(answer);
      remote_.pause(*wait);
    }
    Digest actual = Digest::of(hash_);
    if (actual != blob_.digest)
      throw WrongContent(
          cat(host(), " sent wrong content: it is ", actual, ", and not ", blob_.digest));
  }

 private:
  const std::string& host() const { return remote_.endpoint().host; }

  RemoteAnswer ask() {
    RemoteRequest request{remote_.path(cat("blobs/", blob_.digest))};
    if (received_ > 0)
      request.headers.push_back(cat("Range: bytes=", std::to_string(received_), "-"));
    position_ = received_;
    begun_ = false;
    RemoteAnswer answer =
        remote_.send(client_, request,
                     [this](const HttpResponse& head, std::string_view data) { take(head, data); });
    asked_ = true;
    if (answer.http.failure.empty() && !answer.success()) remote_.refuse(answer, what());
    return answer;
  }

  std::string what() const { return cat("the blob ", blob_.digest); }

  void take(const HttpResponse& head, std::string_view data) {
    if (!begun_) begin(head);
    if (position_ < received_) {
      // The whole came again: what is here already is passed over.
      size_t known = std::min<uint64_t>(data.size(), received_ - position_);
      position_ += known;
      data.remove_prefix(known);
    }
    if (data.empty()) return;
    if (data.size() > blob_.size - received_)
      throw Error(cat(host(), " sends more than the ", std::to_string(blob_.size), " bytes that ",
                      blob_.digest, " has"));
    hash_.update(data);
    received_ += data.size();
    position_ = received_;
    sink_(data);
  }

  void begin(const HttpResponse& head) {
    begun_ = true;
    if (head.status == 206) {
      std::string range = head.header("content-range");
      if (!range.starts_with(cat("bytes ", std::to_string(received_), "-")))
        throw Error(cat(host(), " sends another part of ", blob_.digest, " than was asked for"));
      return;
    }
    position_ = 0;
    auto length = text::to_uint(head.header("content-length"));
    if (length && *length != blob_.size)
      throw Error(cat(host(), " has ", std::to_string(*length), " bytes as ", blob_.digest,
                      ", which must have ", std::to_string(blob_.size)));
  }

  [[noreturn]] void give_up(const RemoteAnswer& answer) const {
    std::string reason = answer.http.failure.empty() ? "it ended early" : answer.http.failure;
    throw Error(cat(host(), " broke off after ", std::to_string(received_), " of ",
                    std::to_string(blob_.size), " bytes of ", blob_.digest, ": ", reason));
  }

  Remote& remote_;
  HttpClient& client_;
  const Descriptor& blob_;
  const std::function<void(std::string_view)>& sink_;
  Sha256 hash_;
  uint64_t received_ = 0;  ///< and hashed, and passed on
  uint64_t position_ = 0;  ///< in the blob, of what comes next
  bool asked_ = false, begun_ = false;
};

}  // namespace

void fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob,
                const std::function<void(std::string_view)>& sink) {
  BlobFetch(remote, client, blob, sink).run();
}

std::string fetch_blob(Remote& remote, HttpClient& client, const Descriptor& blob) {
  return trusting_twice([&] {
    std::string out;
    fetch_blob(remote, client, blob, [&](std::string_view data) { out += data; });
    return out;
  });
}

}  // namespace estiba::img
