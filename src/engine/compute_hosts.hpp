// Devices that compute, as SimGrid hosts of speed 1, made when they first do.
//
// Concurrent computes share a device equally. Flows may steal a fraction of it: what is left is shared. A compute's
// rate is bounded only while that is needed, so the usual case costs SimGrid nothing.
#pragma once

#include <functional>
#include <vector>

#include "engine/simgrid_session.hpp"
#include "task/task_runner.hpp"
#include "topology/fabric.hpp"

namespace aifsim::engine {

class ComputeHosts {
 public:
  using ComputeEnd = std::function<void(task::RunningTask)>;
  ComputeHosts(const topology::Fabric& fabric, ComputeEnd compute_end);
  ~ComputeHosts();

  void start(task::RunningTask task, DeviceId device, double duration);
  void begin_steal(DeviceId device, double fraction);
  void end_steal(DeviceId device, double fraction);
  void clear_ended() { activities_.clear_ended(); }

 private:
  struct Host;
  struct Compute {
    task::RunningTask task;
    std::uint32_t host = 0;
    simgrid::kernel::resource::Action* action = nullptr;
  };

  Host& host_of(DeviceId device);
  void share_out(Host& host);
  void ended(std::uint32_t number);

  const topology::Fabric& fabric_;
  ComputeEnd compute_end_;
  ActivityTable activities_;
  simgrid::kernel::resource::Model& cpu_model_;
  std::vector<std::uint32_t> host_index_;  // by DeviceId
  std::vector<Host> hosts_;
  std::vector<Compute> computes_;  // by number in activities_
};

}  // namespace aifsim::engine
