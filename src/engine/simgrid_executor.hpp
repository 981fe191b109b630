// Executes TaskGraphs on SimGrid: the clock, hosts for devices that compute, timers, and one of two flow networks.
//
// One per process: SimGrid is a process singleton (DESIGN §11).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::engine {

enum class NetworkKind {
  fluid,  // our own max-min model added to SimGrid's engine: weighted flows, made for scale
  // SimGrid's own network model, the reference; a flow of multiplicity k is k identical flows. SimGrid does not say
  // which link bounds a flow, so a Recorder is told the one that would if the flow were alone.
  simgrid,
};

[[nodiscard]] std::unique_ptr<task::Executor> make_simgrid_executor(const topology::Fabric& fabric,
                                                                    NetworkKind network);

// For provenance: "3.32" and the options that were set.
[[nodiscard]] std::string simgrid_version();
[[nodiscard]] std::vector<std::string> simgrid_options();

}  // namespace aifsim::engine
