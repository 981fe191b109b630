// What a collective algorithm is given, and the one row it adds to registry.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "collective/collective.hpp"
#include "collective/layout.hpp"
#include "collective/library.hpp"

namespace aifsim::collective {

// A request together with what is known about where it runs. All groups are alike, so sizes are the first group's.
struct Situation {
  const Request* request = nullptr;
  const topology::Topology* topology = nullptr;
  const Library* library = nullptr;
  const Architecture* architecture = nullptr;
  const Transport* transport = nullptr;
  BytesPerSecond nvlink;  // of one GPU, one direction; 0 = none
  bool nvlink_sharp = false;
  std::vector<Layout> layouts;  // of each group
  std::size_t ranks = 0;
  std::size_t domains = 0;       // NVLink domains a group spans
  std::size_t domain_ranks = 0;  // the most in one of them
  bool switches_reduce = false;  // the scale-out network is a tree of switches that the library can reduce in (SHARP)
  std::vector<double> weights;   // all_to_all_v: of each device's received bytes, by DeviceId; mean 1 over a group
  [[nodiscard]] double weight_of(DeviceId gpu) const { return weights.empty() ? 1 : weights[gpu.index()]; }
  [[nodiscard]] double bytes() const { return request->bytes.in(units::B); }
  [[nodiscard]] Operation operation() const { return request->operation; }
  [[nodiscard]] bool all_to_all() const {
    return operation() == Operation::all_to_all || operation() == Operation::all_to_all_v;
  }
  [[nodiscard]] bool even_domains() const;  // all groups have as many ranks in each of their domains
};

struct Algorithm {
  std::string_view name;
  std::string_view summary;
  bool (*serves)(const Situation&);      // it can do this
  bool (*considered)(const Situation&);  // and "auto" weighs it
  CollectivePlan (*plan)(const Situation&);
};

extern const Algorithm ring;
extern const Algorithm tree;
extern const Algorithm nvls;
extern const Algorithm nvls_tree;
extern const Algorithm chain;
extern const Algorithm direct;
extern const Algorithm expert;
extern const Algorithm hierarchical;
extern const Algorithm halving_doubling;
extern const Algorithm send_receive;
extern const Algorithm sharp;
extern const Algorithm pxn;
extern const Algorithm pairwise;
extern const Algorithm tree_broadcast;
extern const Algorithm custom;
extern const Algorithm expert_nvlink;

[[nodiscard]] std::span<const Algorithm* const> algorithms();

}  // namespace aifsim::collective
