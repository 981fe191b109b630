// Which dimension of the job has the optical circuits of each pipeline stage's NIC, and the turns between them.
//
// A dimension takes all ports of its NICs: full bandwidth, and a turn whenever the next one asks. A turn waits until
// the flows on the circuits that move have ended, and the new ones wait for the turn. Ahead: it begins then, for the
// framework knows what comes next; else when the next communication is ready. Messages keep the order in which a stage
// issues them.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "collective/collective.hpp"
#include "training/step_graph.hpp"

namespace aifsim::training {

// What a later task waits for: usually one task, several where communication ran beside compute.
using Tasks = std::vector<TaskId>;

inline void append(Tasks& tasks, const Tasks& more) { tasks.insert(tasks.end(), more.begin(), more.end()); }

enum class Dimension { tensor, context, shards, replicas, pipeline };

// The rank that a collective is laid down for.
struct Sender {
  DeviceId gpu;
  Dimension dimension = Dimension::tensor;
  double steal = 0;  // what the transfer takes from the GPU's compute
  DeviceId peer{};   // pipeline: the GPU of the other stage
};

class CircuitSchedule {
 public:
  CircuitSchedule(const topology::Topology& topology, StepGraph& step) : topology_(topology), step_(step) {}

  // What the plan's flows wait for: `after`, and the turns they need.
  Tasks turned(const collective::CollectivePlan& plan, const Sender& sender, const Tasks& after);
  // The flows that end with `ends` used the circuits.
  void used(const collective::CollectivePlan& plan, const Sender& sender, const Tasks& ends);
  // Back to what the next step begins with, after `end` of this one or before.
  void close(const Tasks& end);
  [[nodiscard]] bool turns_for(const collective::CollectivePlan& plan) const;

 private:
  struct Nic {
    std::optional<Dimension> first, holder;
    Tasks users;  // of the circuits as they are
    Tasks ready;  // the turn that set them
  };
  void turn(DeviceId gpu, Nic& nic, Dimension next, const Tasks& after);

  const topology::Topology& topology_;
  StepGraph& step_;
  std::map<DeviceId, Nic> nics_;  // by the GPU
  mutable std::map<const collective::CollectivePlan*, bool> turning_plans_;
};

}  // namespace aifsim::training
