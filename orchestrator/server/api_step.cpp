// step: a RUN instruction of an image build, in a container that lasts as long as the command.
// A client that closes its end (one half is enough) has the command killed; the end of the stream
// then says that nothing of it is left.
// build: as long as its client stays, the steps that name this build share its networks.
#include <nlohmann/json.hpp>

#include "base/scope_exit.hpp"
#include "base/text.hpp"
#include "orchestrator/lower_step.hpp"
#include "orchestrator/server/api.hpp"
#include "orchestrator/server/step_site.hpp"
#include "orchestrator/step_json.hpp"

namespace estiba::orchestrator {
namespace {

constexpr std::chrono::milliseconds closed_check{200};

std::vector<UniqueFd> outputs_of(runtime::Streams streams) {
  std::vector<UniqueFd> fds;
  fds.push_back(std::move(streams.stdout_reader));
  fds.push_back(std::move(streams.stderr_reader));
  return fds;
}

}  // namespace

Task<int> Api::step_end(ConnectionPtr client, std::string id) {
  std::optional<int> code;
  while (!code && !client->closed())
    code = co_await supervisor_.exec_exit(id, std::chrono::steady_clock::now() + closed_check);
  if (!code) {
    core_.containers.kill_all(id);
    code = co_await supervisor_.exec_exit(id);
  }
  co_return *code;
}

// The build's own; without it (the server that it was announced to has ended) the step's own.
std::shared_ptr<StepNetworks> Api::networks_of(const Json& params) {
  auto found = builds_.find(json::string_at(params, "build").value_or(""));
  return found == builds_.end() ? std::make_shared<StepNetworks>(core_) : found->second;
}

Task<Json> Api::build(ConnectionPtr client, Json params) {
  std::string id = json::required_string(params, "build");
  if (!builds_.emplace(id, std::make_shared<StepNetworks>(core_)).second)
    throw Error(cat("there is a build ", id, " already"));
  ScopeExit over([&] { builds_.erase(id); });
  client->send({{"event", {{"ready", true}}}});
  while (!client->closed()) co_await client->changed.wait();
  co_return Json::object();
}

Task<Json> Api::step(ConnectionPtr client, Json params) {
  std::string id = text::random_hex(64);
  StepSite site(core_, id, networks_of(params));
  img::build::StepRequest request = step_from_json(params);
  runtime::ContainerSpec spec = lower_step(request, site.prepare(request));
  auto answer = std::make_shared<Answer<runtime::Started>>(core_.io);
  core_.containers.start(spec, fill(answer));
  runtime::Started started = co_await await_answer(answer);
  Json event{{"event", {{"started", {{"id", id}}}}}};
  client->send(event, outputs_of(std::move(started.streams)));
  int code = co_await step_end(client, id);
  co_return Json{{"exit_code", code}};
}

}  // namespace estiba::orchestrator
