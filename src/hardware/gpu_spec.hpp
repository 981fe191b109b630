// What one GPU is: peaks, memory, ports, power. Parsed from platforms/catalog/gpus/<name>.yaml.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/precision.hpp"
#include "base/quantity.hpp"
#include "hardware/kernel_profile.hpp"

namespace aifsim::hardware {

struct GpuSpec {
  std::string name;                   // "h100-sxm"
  std::string architecture;           // "hopper"
  std::string source;                 // where the values come from, for provenance
  std::string confidence;             // published, derived, estimate or recalled
  std::vector<std::string> recalled;  // keys whose values no source backs
  int streaming_multiprocessors = 0;
  std::map<Precision, FlopsPerSecond> dense_peak;  // a missing precision is not supported by the tensor cores
  Bytes memory;                                    // usable HBM
  BytesPerSecond memory_bandwidth;                 // HBM peak
  BytesPerSecond nvlink;                           // all ports together, one direction; 0 = none
  Watts power;                                     // TDP
  Watts idle_power;
  KernelProfile kernels;  // measured efficiencies
};

}  // namespace aifsim::hardware
