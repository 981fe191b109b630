// aifsim collective: what nccl-tests would print on a platform.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace aifsim::app {

enum class CollectiveFormat { text, json, csv };
enum class CollectiveNetwork { fluid, simgrid, ideal };

struct CollectiveOptions {
  std::string platform;
  std::vector<std::string> sets;
  std::string operation;
  int ranks = 0;  // the first so many GPUs; 0 = all
  std::string sizes = "8:16G:x2";
  std::string algorithm = "auto";  // or a YAML file: collective/step_list.hpp
  std::string imbalance;           // all_to_all_v: a factor, or a number for each rank, comma-separated
  bool unfolded = false;
  bool collnet = false;
  CollectiveNetwork network = CollectiveNetwork::fluid;
  CollectiveFormat format = CollectiveFormat::text;
};

void collective_command(const CollectiveOptions& options);

// "8:16G:x2": from, to and factor; "1M:8M:1M": from, to and step; "1G": one size. K, M, G, T are powers of 1024, as in
// nccl-tests. ConfigError for anything else.
[[nodiscard]] std::vector<double> parse_sizes(const std::string& text);

// What each rank receives, in any unit: "2,1,1,0.5", or "4": rank 0 receives four times the mean, the others what is
// left, evenly. ConfigError for anything else.
[[nodiscard]] std::vector<double> parse_imbalance(const std::string& text, std::size_t ranks);

}  // namespace aifsim::app
