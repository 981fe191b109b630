// The names that published tables give to hardware the catalogue knows.
#include <array>

#include "study/row_scenario.hpp"

namespace aifsim::study {
namespace {

struct NodeName {
  std::string_view gpu;       // beginning of the table's GPU name
  std::string_view platform;  // must occur in the table's platform name; may be empty
  std::string_view node;
};

// The first row that fits counts.
constexpr std::array<NodeName, 13> names{{
    {"A100-SXM4-40GB", "", "hgx-a100-40gb"},
    {"A100", "", "dgx-a100"},
    {"H100-SXM (96GB", "", "grand-teton-h100-96gb"},
    {"H100", "Grand Teton", "grand-teton-h100"},
    {"H100", "", "dgx-h100"},
    {"H200", "", "dgx-h200"},
    {"H800", "", "hgx-h800"},
    {"GH200", "", "gh200-node-4x"},
    {"B200", "", "dgx-b200"},
    {"B300", "", "dgx-b300"},
    {"GB200", "", "gb200-nvl72"},
    {"GB300", "", "gb300-nvl72"},
    {"RTX PRO 6000", "", "hgx-rtx-pro-6000"},
}};

}  // namespace

std::optional<std::string> node_type_of(std::string_view gpu, std::string_view platform) {
  for (const NodeName& name : names) {
    if (gpu.starts_with(name.gpu) && platform.find(name.platform) != std::string_view::npos)
      return std::string(name.node);
  }
  return std::nullopt;
}

}  // namespace aifsim::study
