// Platforms for tests: from YAML text, from the shipped files, and at random.
#pragma once

#include <string>

#include "hardware/platform.hpp"
#include "topology/fabric.hpp"

namespace aifsim::topology {

inline hardware::Platform platform_of(const std::string& yaml, std::span<const config::Override> overrides = {}) {
  const config::Document document = config::Document::parse(yaml, "test.yaml", overrides);
  hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return platform;
}

inline hardware::Platform shipped(const std::string& name, std::span<const config::Override> overrides = {}) {
  const config::Document document =
      config::Document::load(std::string(AIFSIM_SOURCE_DIR) + "/platforms/" + name + ".yaml", overrides);
  hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return platform;
}

inline hardware::Platform cluster(const std::string& type, int count, const std::string& scale_out) {
  return platform_of("nodes: {type: " + type + ", count: " + std::to_string(count) + "}\nscale_out: {" + scale_out +
                     "}\n");
}

inline std::size_t switches(const Topology& topology, std::size_t tier) {
  return tier < topology.tiers.size() ? topology.tiers[tier].switches : 0;
}

}  // namespace aifsim::topology
