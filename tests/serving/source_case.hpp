// Requests from a YAML text, and what they are like.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "config/node.hpp"
#include "serving/request_plan.hpp"

namespace aifsim::serving {

inline const std::string data_folder = std::string(AIFSIM_SOURCE_DIR) + "/tests/serving/data/";

inline RequestPlan plan_of(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, data_folder + "x.yaml");
  RequestPlan plan = read_request_plan(document.root());
  document.check();
  return plan;
}

// All requests; each is answered when it arrives.
inline std::vector<Request> requests_of(const std::string& yaml, std::uint64_t seed = 1, TraceTally* tally = nullptr) {
  const auto source = make_requests(plan_of(yaml), seed, tally);
  std::vector<Request> requests;
  while (source->next_arrival()) {
    requests.push_back(source->take());
    source->ended(requests.back(), requests.back().prompt.arrival);
  }
  return requests;
}

// The folder of public traces; empty when this machine has none.
inline std::string public_traces() {
  const char* given = std::getenv("AIFSIM_TRACES");
  const std::string folder = given != nullptr ? given : std::string(AIFSIM_SOURCE_DIR) + "/../shared/traces";
  return std::filesystem::is_directory(folder) ? folder + "/" : "";
}

}  // namespace aifsim::serving
