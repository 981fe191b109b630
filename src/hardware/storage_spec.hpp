// What keeps data outside the GPUs: drives in the node, DPUs, storage that all nodes share. Plain, valid data.
#pragma once

#include <string>

#include "base/quantity.hpp"

namespace aifsim::hardware {

struct CpuSpec {
  std::string name;
  std::string source;
  int cores = 0;
  Bytes memory;
  BytesPerSecond memory_bandwidth;
  Watts power;
};

struct DpuSpec {
  std::string name;
  std::string source;
  int cores = 0;
  BytesPerSecond bandwidth;  // network, one direction
  Bytes memory;
  Watts power;
};

// The local drives of a node, all alike; figures of one.
struct DriveSpec {
  int count = 0;
  Bytes capacity;
  BytesPerSecond read, write;  // sequential
  Seconds latency;             // of one read
};

// Storage that all nodes share, behind a network of its own. Each node reaches it through storage NICs, whose protocol
// the host's cores process, or through its DPUs, which do that themselves.
struct StorageSpec {
  enum class Attach { usual, nic, dpu };  // usual: the DPUs where the node has some
  Bytes capacity;
  BytesPerSecond read, write;  // all together
  Seconds latency;             // from the request at the storage system to the first byte
  std::string medium;          // node to storage switch
  Attach attach = Attach::usual;
  std::string nic;  // storage NIC of nodes without DPU; empty: as the node's scale-out NICs
  BytesPerSecond nic_bandwidth;
  Seconds nic_latency;
  int nics = 1;  // of one node
  // What it takes to process a byte of storage traffic (protocol, copy, checksum), in cores busy per GB/s.
  // assumed: one core receives 42 Gb/s of plain TCP (Cai et al., Understanding host network stack overheads, SIGCOMM
  // 2021; recalled), 0.2 cores per GB/s; the 300 cores that a 400 Gb/s BlueField-3 is said to replace (nevsemi.com, in
  // hardware/catalog) are 6. The geometric mean of the two.
  double host_cores_per_gb_per_s = 1.1;
  // assumed: what is left to a DPU's cores when its engines move the data, the lower of the two bounds.
  double dpu_cores_per_gb_per_s = 0.2;
  // Of the host's cores, those that storage may take: the infrastructure's usual share (pingdo.net DPU calculator, an
  // estimate).
  double host_share = 0.3;
  // assumed: system call, protocol and interrupt of one request in the kernel.
  Seconds host_latency = units::us * 50;
  // A DPU's, of the host's: tail latency falls by 0.4 to 0.6 (pingdo.net DPU calculator, an estimate).
  double dpu_latency_factor = 0.5;
  [[nodiscard]] bool present() const { return read > BytesPerSecond{}; }
};

}  // namespace aifsim::hardware
