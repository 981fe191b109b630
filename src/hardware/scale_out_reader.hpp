// The network and the faults of a platform file.
#pragma once

#include "hardware/platform.hpp"

namespace aifsim::hardware {

// For provenance; each name once.
void add_source(Platform& platform, const std::string& name, const std::string& source);
void read_scale_out(const config::Node& scale_out, Platform& platform);
void read_faults(const config::Node& faults, Platform& platform);

}  // namespace aifsim::hardware
