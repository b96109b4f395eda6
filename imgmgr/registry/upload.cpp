#include "imgmgr/registry/upload.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "imgmgr/registry/retry.hpp"
#include "imgmgr/registry/url.hpp"

namespace estiba::img {
namespace {

constexpr uint64_t piece_size = uint64_t{16} << 20;
// However often a piece fails to arrive with something to show for the others.
constexpr int max_setbacks = 100;

// "0-1023" of an upload's status: how much of it has arrived.
std::optional<uint64_t> arrived_of(const HttpResponse& response) {
  std::string range = response.header("range");
  if (range.starts_with("bytes=")) range.erase(0, 6);
  size_t dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  auto last = text::to_uint(range.substr(dash + 1));
  if (!last || *last == UINT64_MAX) return std::nullopt;
  // Nothing at all is told as 0-0, as is a single byte.
  return *last == 0 ? 0 : *last + 1;
}

class Upload {
 public:
  Upload(Remote& remote, HttpClient& client, const Descriptor& blob, const BlobReader& reader,
         const std::function<void(uint64_t)>& on_progress)
      : remote_(remote), client_(client), blob_(blob), reader_(reader), on_progress_(on_progress) {}

  void run() {
    begin();
    int fruitless = 0, setbacks = 0;
    while (sent_ < blob_.size) {
      uint64_t before = sent_;
      RemoteAnswer answer = send_piece();
      if (answer.success() && sent_ > before) {
        fruitless = 0;
        continue;
      }
      // One that takes piece after piece and has none of them would be sent to for ever.
      bool may_pass =
          answer.success() || !answer.http.failure.empty() || is_passing(answer.http.status);
      if (++setbacks == max_setbacks) may_pass = false;
      auto asked = parse_retry_after(answer.http.header("retry-after"), wall_now());
      auto wait = may_pass ? retry_wait(++fruitless, asked, 0.5) : std::nullopt;
      if (!wait) remote_.refuse(answer, what());
      remote_.pause(*wait);
      find_out_what_arrived();
      if (sent_ > before) fruitless = 0;
    }
    commit();
  }

 private:
  std::string what() const { return cat("the upload of ", blob_.digest); }

  void begin() {
    RemoteAnswer answer = remote_.send(client_, {remote_.path("blobs/uploads/"), "POST"});
    if (answer.http.status != 202) remote_.refuse(answer, what());
    location_ = "";
    take_location(answer);
    if (location_.empty())
      throw Error(cat(remote_.endpoint().host, " begins an upload without saying where"));
  }

  void take_location(const RemoteAnswer& answer) {
    std::string location = answer.http.header("location");
    if (location.empty()) return;
    location_ = remote_.follow_from(remote_.path("blobs/uploads/"), location);
  }

  RemoteAnswer send_piece() {
    uint64_t start = sent_, size = std::min(piece_size, blob_.size - sent_);
    RemoteRequest request{location_, "PATCH"};
    request.headers = {
        "Content-Type: application/octet-stream",
        cat("Content-Range: ", std::to_string(start), "-", std::to_string(start + size - 1))};
    request.body = HttpBody{[this, start, size](char* buffer, size_t room, uint64_t offset) {
                              size_t wanted = std::min<uint64_t>(room, size - offset);
                              size_t got = reader_(buffer, wanted, start + offset);
                              on_progress_(start + offset + got);
                              return got;
                            },
                            size};
    RemoteAnswer answer = remote_.send(client_, request);
    if (!answer.success()) return answer;
    take_location(answer);
    sent_ = std::min(arrived_of(answer.http).value_or(start + size), blob_.size);
    return answer;
  }

  void find_out_what_arrived() {
    RemoteAnswer answer = remote_.send(client_, {location_});
    if (answer.success()) {
      take_location(answer);
      sent_ = std::min(arrived_of(answer.http).value_or(sent_), blob_.size);
      return;
    }
    // The registry has forgotten it: from the start.
    sent_ = 0;
    begin();
  }

  void commit() {
    RemoteAnswer answer =
        remote_.send(client_, {with_query(location_, "digest", blob_.digest.text()), "PUT"});
    if (answer.http.status != 201 && !has_blob(remote_, client_, blob_.digest))
      remote_.refuse(answer, what());
  }

  Remote& remote_;
  HttpClient& client_;
  const Descriptor& blob_;
  const BlobReader& reader_;
  const std::function<void(uint64_t)>& on_progress_;
  std::string location_;
  uint64_t sent_ = 0;
};

}  // namespace

bool has_blob(Remote& remote, HttpClient& client, const Digest& digest) {
  RemoteAnswer answer = remote.send(client, {remote.path(cat("blobs/", digest)), "HEAD"});
  if (answer.success()) return true;
  if (answer.http.status != 404) remote.refuse(answer, cat("blob ", digest));
  return false;
}

bool mount_blob(Remote& remote, HttpClient& client, const Digest& digest,
                const std::string& from_repository) {
  remote.add_source(from_repository);
  std::string target = with_query(remote.path("blobs/uploads/"), "mount", digest.text());
  RemoteAnswer answer = remote.send(client, {with_query(target, "from", from_repository), "POST"});
  if (answer.http.status == 201) return true;
  // An ordinary upload was begun in its place; it is given up.
  std::string location = answer.http.header("location");
  if (answer.http.status == 202 && !location.empty())
    remote.send(client, {remote.follow_from(target, location), "DELETE"});
  return false;
}

void upload_blob(Remote& remote, HttpClient& client, const Descriptor& blob,
                 const BlobReader& reader, const std::function<void(uint64_t)>& on_progress) {
  Upload(remote, client, blob, reader, on_progress).run();
}

}  // namespace estiba::img
