// A collective algorithm given as data: a YAML file that lists, step by step, which rank sends which chunks to which.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "collective/collective.hpp"
#include "config/node.hpp"

namespace aifsim::collective {

struct Situation;

// The buffer lies in equal chunks. all_gather and reduce_scatter: rank r owns the r-th part of them. all_to_all: a
// chunk for each pair, number source * ranks + destination, each 1 / ranks of a buffer. broadcast, reduce: rank 0 is
// the root.
struct StepList {
  struct Send {
    std::uint32_t from = 0, to = 0;
    std::vector<std::uint32_t> chunks;
    bool reduce = false;  // the receiver adds what comes to what it has; else it takes it in its place
  };
  std::string name;
  Operation operation = Operation::all_reduce;
  std::uint32_t ranks = 0;
  std::uint32_t chunks = 0;
  std::vector<std::vector<Send>> steps;       // the sends of a step leave together; the next step waits for all of them
  [[nodiscard]] double chunk_share() const {  // of the bytes of a request
    return 1.0 / static_cast<double>(operation == Operation::all_to_all ? ranks : chunks);
  }
};

// Follows every chunk: a rank sends only what it has by then, nothing is added twice, and in the end everyone has what
// the operation promises. Mistakes go to the document; call document.check() after.
[[nodiscard]] StepList read_step_list(const config::Document& document);
[[nodiscard]] std::shared_ptr<const StepList> load_step_list(const std::string& path);  // ConfigError

// ConfigError where the request is another operation or has other ranks.
[[nodiscard]] CollectivePlan plan_steps(const StepList& list, const Situation& situation);

}  // namespace aifsim::collective
