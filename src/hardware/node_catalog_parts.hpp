// The parts of a node beside its GPUs, and how catalogue files state where their values come from.
#pragma once

#include <string>
#include <vector>

#include "hardware/platform.hpp"

namespace aifsim::hardware {

inline constexpr std::string_view nodes_folder = "platforms/catalog/nodes";
inline constexpr std::string_view nics_folder = "platforms/catalog/nics";
inline constexpr std::string_view switches_folder = "platforms/catalog/switches";
inline constexpr std::string_view cpus_folder = "platforms/catalog/cpus";
inline constexpr std::string_view dpus_folder = "platforms/catalog/dpus";

[[nodiscard]] CpuSpec read_cpu(const config::Node& name_or_map);
[[nodiscard]] DpuSpec read_dpu(const config::Node& name_or_map);
// `dpus: {type: bluefield3, count: 2}` and `nvme: {count: 8, …}` of a node.
void read_dpus(const config::Node& dpus, NodeSpec& node);
void read_drives(const config::Node& nvme, NodeSpec& node);
// `storage:` of a platform.
void read_storage(const config::Node& storage, Platform& platform);

// Reads `source`, `confidence`, `weaker` (fields that deserve less confidence) and `notes`: "DGX B200 user guide
// (published)".
[[nodiscard]] std::string read_source(const config::Node& entry);

[[nodiscard]] std::vector<std::string> media_names(const std::vector<LinkMedium>& media);
[[nodiscard]] std::string read_medium_name(const config::Node& name, const std::vector<std::string>& media);

// A catalogue entry's own map, wherever it is written: in the file that the name names, or in place.
class EntryReader {
 public:
  EntryReader(const config::Node& name_or_map, std::string_view folder, std::string_view what);
  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] const config::Node& entry() const { return entry_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // Unknown keys are problems; a catalogue file's problems are thrown.
  void finish() const;

 private:
  config::Document document_;
  config::Node entry_;
  std::string name_;
  bool found_ = true;
  bool in_file_ = false;
};

}  // namespace aifsim::hardware
