#include "engine/compute_hosts.hpp"

#include <algorithm>
#include <utility>

#include <simgrid/kernel/resource/Action.hpp>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/s4u/Exec.hpp>
#include <simgrid/s4u/Host.hpp>

namespace aifsim::engine {
namespace {

constexpr std::uint32_t none = ~std::uint32_t{0};
// Flows that together steal a whole device leave computes this much of it: a kernel already resident makes progress.
constexpr double least_left = 0.01;

}  // namespace

struct ComputeHosts::Host {
  simgrid::s4u::Host* host = nullptr;  // made with the first compute
  std::vector<double> steals;          // fractions being stolen, in ascending order: their sum does not drift
  std::vector<std::uint32_t> running;  // numbers of computes
  bool bounded = false;                // computes run at less than SimGrid would give them
};

ComputeHosts::ComputeHosts(const topology::Fabric& fabric, ComputeEnd compute_end)
    : fabric_(fabric),
      compute_end_(std::move(compute_end)),
      activities_([this](std::uint32_t number) { ended(number); }),
      cpu_model_(model_named("Cpu_Cas01")),
      host_index_(fabric.devices().size(), none) {}

ComputeHosts::~ComputeHosts() = default;

ComputeHosts::Host& ComputeHosts::host_of(DeviceId device) {
  std::uint32_t& index = host_index_.at(device.index());
  if (index == none) {
    index = static_cast<std::uint32_t>(hosts_.size());
    hosts_.emplace_back();
  }
  return hosts_[index];
}

void ComputeHosts::start(task::RunningTask task, DeviceId device, double duration) {
  Host& host = host_of(device);
  if (host.host == nullptr) host.host = make_host(fabric_.name(device), 1.0);
  const auto exec = simgrid::s4u::Exec::init();
  exec->set_flops_amount(duration);
  exec->set_host(host.host);
  const std::uint32_t number = activities_.add(exec);
  if (computes_.size() <= number) computes_.resize(number + 1);
  exec->start();
  computes_[number] = {task, host_index_[device.index()], newest_action(cpu_model_)};
  host.running.push_back(number);
  share_out(host);
}

void ComputeHosts::begin_steal(DeviceId device, double fraction) {
  Host& host = host_of(device);
  host.steals.insert(std::upper_bound(host.steals.begin(), host.steals.end(), fraction), fraction);
  share_out(host);
}

void ComputeHosts::end_steal(DeviceId device, double fraction) {
  Host& host = host_of(device);
  host.steals.erase(std::lower_bound(host.steals.begin(), host.steals.end(), fraction));
  share_out(host);
}

void ComputeHosts::share_out(Host& host) {
  if (host.steals.empty() && !host.bounded) return;
  double left = 1.0;
  for (const double fraction : host.steals) left -= fraction;
  const double share = std::max(left, least_left) / static_cast<double>(std::max<std::size_t>(host.running.size(), 1));
  for (const std::uint32_t number : host.running) computes_[number].action->set_bound(share);
  host.bounded = !host.steals.empty();
}

void ComputeHosts::ended(std::uint32_t number) {
  const Compute compute = computes_[number];
  Host& host = hosts_[compute.host];
  std::erase(host.running, number);
  share_out(host);
  compute_end_(compute.task);
}

}  // namespace aifsim::engine
