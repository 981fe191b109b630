// One collective operation of symmetric groups, as flows of one representative rank.
//
// All groups run the same operation at the same time (all TP groups of a job, say). One representative rank is
// simulated: of each kind of flow the one whose path meets the most loaded channel, for a collective ends with its
// slowest member. What the others do shows as multiplicities on the channels they share with it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/quantity.hpp"
#include "hardware/platform.hpp"
#include "topology/fabric.hpp"

namespace aifsim::collective {

enum class Operation {
  all_reduce,
  all_gather,
  reduce_scatter,
  all_to_all,
  broadcast,
  reduce,
  send_receive,
  all_to_all_v
};
[[nodiscard]] std::string_view name_of(Operation operation);
[[nodiscard]] std::vector<Operation> operations();
[[nodiscard]] std::optional<Operation> operation_named(std::string_view name);

// What all ranks of all groups together put on one channel.
struct ChannelLoad {
  ChannelId channel;
  Bytes bytes;
};
using ChannelLoads = std::vector<ChannelLoad>;

// One rank's own flow, where all are wanted (Request::unfolded).
struct MemberFlow {
  DeviceId source, destination;
  std::vector<ChannelUse> path;
  Bytes bytes;
  BytesPerSecond line_rate;   // the least capacity on its path
  BytesPerSecond rate_limit;  // the protocol's ceiling
};

// One flow of the representative rank. Flows of a phase run at the same time; phases follow each other.
struct PhaseFlow {
  std::vector<ChannelUse> path;
  Bytes bytes;
  BytesPerSecond rate_limit;                     // the protocol's ceiling for this flow; 0 = none
  std::shared_ptr<const ChannelLoads> everyone;  // the traffic this flow stands for, its own included
  std::vector<MemberFlow> members;               // Request::unfolded: the flows that this one stands for
};
using Phase = std::vector<PhaseFlow>;

struct CollectivePlan {
  std::string algorithm;  // "ring", "tree", "nvls", "direct", …
  std::string protocol;   // "LL", "LL128", "Simple"
  Seconds alpha;          // launch, protocol and hop latency: paid once, before the first phase
  std::vector<Phase> phases;
  Seconds turning;     // of alpha: optical circuits set anew between rounds of peers
  Seconds unforeseen;  // of alpha: what the library's own estimate leaves out when it chooses
};

struct StepList;  // step_list.hpp

struct Request {
  Operation operation = Operation::all_reduce;
  Bytes bytes;  // nccl-tests' "size": all_reduce, broadcast, reduce: the buffer; all_gather: the output;
                // reduce_scatter: the input; all_to_all: one rank's whole send buffer (all_to_all_v: the mean
                // one); send_receive: the message
  // All of equal size and shape. Order matters to send_receive alone: a pair is a message from its first to its second,
  // a larger group one step of a ring, each to the next.
  std::vector<std::vector<DeviceId>> groups;
  std::string algorithm = "auto";
  bool nvls_allowed = true;      // NCCL_NVLS_ENABLE
  bool collnet_allowed = false;  // NCCL_COLLNET_ENABLE: "auto" may reduce in the scale-out switches
  // all_to_all_v: what each rank of a group receives, in any unit; the combine that follows a dispatch sends as much.
  // As many as a group has ranks.
  std::vector<double> weights = {};
  std::shared_ptr<const StepList> steps = {};  // instead of `algorithm`
  bool unfolded = false;                       // ring, chain: every rank's flows beside the representative's
};

// Chooses as NCCL does (by size, ranks, NVLink generation) when the algorithm is "auto". Pure.
[[nodiscard]] CollectivePlan plan(const Request& request, const hardware::Platform& platform,
                                  const topology::Topology& topology);

// The plan of a named algorithm, or nothing when the library has none of that name that can do this.
[[nodiscard]] std::optional<CollectivePlan> plan_if_served(const Request& request, const hardware::Platform& platform,
                                                           const topology::Topology& topology);

// The time of a plan when nothing else shares its channels: alpha + for each phase the slowest flow.
[[nodiscard]] Seconds lone_time(const CollectivePlan& plan, const topology::Fabric& fabric);

// For `aifsim list collectives`.
[[nodiscard]] std::vector<hardware::CatalogEntry> list_algorithms();

}  // namespace aifsim::collective
