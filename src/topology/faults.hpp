// Slow and dead parts: what a platform file says of them, put into the fabric.
#pragma once

#include "topology/fabric.hpp"

namespace aifsim::topology {

// Those in force at `when`; the names of all are checked.
void apply_faults(const hardware::Platform& platform, Topology& topology, Seconds when);

// What happens to the network in mid-run.
struct NetworkChange {
  Seconds at;
  std::vector<std::size_t> struck, repaired;  // indices of the platform's faults
  std::vector<ChannelId> died;                // carry nothing from then on, also where a repair is under way
  bool cuts_nics_off = false;                 // a NIC that worked is left without any cable, or without its host
  Topology topology;                          // from then on
};

// In order of time. A job that runs keeps the NICs it began with, unless routing is rail-aligned: then what a dead NIC
// carried is forwarded over NVLink (PXN) to another one. A pair that lost its NVLink stays apart: no library moves a
// running connection to the NICs. Pairs without a path are ConfigErrors of the routing, when asked. `start` is what
// build() made, and must outlive the result.
[[nodiscard]] std::vector<NetworkChange> changes_in_run(const hardware::Platform& platform, const Topology& start);

// The routings' names as in platform files, for messages.
[[nodiscard]] std::string_view name_of(hardware::RoutingKind routing);

}  // namespace aifsim::topology
