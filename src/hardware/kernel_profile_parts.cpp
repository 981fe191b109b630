#include "hardware/kernel_profile_parts.hpp"

#include <optional>

namespace aifsim::hardware {

using config::Node;

void pass_over(const Node& fit) {
  for (const std::string& key : fit.keys()) {
    const Node entry = fit.required(key);
    if (entry.is_map()) pass_over(entry);
  }
}

Precision precision_key(const Node& map, const std::string& key) {
  const std::optional<Precision> precision = precision_named(key);
  if (!precision) map.required(key).problem("a precision such as bf16", "`" + key + "`");
  return precision.value_or(Precision::bf16);
}

AttentionProfile read_attention(const Node& node) {
  AttentionProfile attention;
  attention.peak_fraction = node.required("peak_fraction").number(fraction);
  attention.block_rows = node.required("block_rows").number({.min = 1});
  attention.key_ramp = node.required("key_ramp").number(not_negative);
  attention.tail = node.required("tail").number(not_negative);
  attention.bandwidth_fraction = node.required("bandwidth_fraction").number(fraction);
  attention.launch = node.required("launch").seconds();
  attention.softmax_dim = node.required("softmax_dim").number(not_negative);
  attention.backward_ratio = node.required("backward_ratio").number({.min = 0.01, .max = 2});
  pass_over(node.required("fit"));
  node.finish();
  return attention;
}

}  // namespace aifsim::hardware
