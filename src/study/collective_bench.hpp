// nccl-tests simulated: one operation over growing sizes, each alone on the platform.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collective/collective.hpp"
#include "task/executor.hpp"

namespace aifsim::study {

struct BenchRequest {
  collective::Operation operation = collective::Operation::all_reduce;
  int ranks = 0;  // the first so many GPUs; 0 = all
  std::string algorithm = "auto";
  std::vector<Bytes> sizes;
  std::vector<double> weights = {};  // all_to_all_v: as collective::Request means them
  std::shared_ptr<const collective::StepList> steps = {};
  bool collnet = false;
  // Ring, chain: every rank's flows are simulated, in pieces: a rank passes on a piece when it has sent the one before
  // and received this one. Pieces are larger than the library's chunks, whose latency is in the plan's alpha.
  bool unfolded = false;
};

struct BenchRow {
  Bytes bytes;
  Seconds time;
  std::string algorithm;
  std::string protocol;
  std::size_t flows = 0;       // simulated
  bool latency_bound = false;  // steps and set-up take longer than the bytes
  ChannelId bottleneck;  // what bounded the slowest flow, by itself or by the protocol's share of it; else invalid
  [[nodiscard]] BytesPerSecond algorithm_bandwidth() const { return bytes / time; }
};

struct Bench {
  collective::Operation operation = collective::Operation::all_reduce;
  std::size_t ranks = 0;
  double bus_factor = 1;  // bus bandwidth of an algorithm bandwidth, as nccl-tests define it
  std::vector<BenchRow> rows;
};

[[nodiscard]] Bench run_bench(const BenchRequest& request, const hardware::Platform& platform,
                              const topology::Topology& topology, task::Executor& executor);

}  // namespace aifsim::study
