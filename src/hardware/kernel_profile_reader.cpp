#include <optional>
#include <string>

#include "config/node.hpp"
#include "hardware/gpu_spec_reader.hpp"
#include "hardware/kernel_profile_parts.hpp"

namespace aifsim::hardware {

namespace {

using config::Node;

GemmProfile read_gemm(const Node& node) {
  GemmProfile gemm;
  gemm.peak_fraction = node.required("peak_fraction").number(fraction);
  gemm.balanced_tile = node.required("balanced_tile").number(not_negative);
  gemm.wave_quantisation = node.required("wave_quantisation").number({.min = 0, .max = 1});
  gemm.k_ramp = node.required("k_ramp").number(not_negative);
  gemm.bandwidth_fraction = node.required("bandwidth_fraction").number(fraction);
  gemm.launch = node.required("launch").seconds();
  gemm.overlap_sharpness = node.required("overlap_sharpness").number({.min = 1, .max = 100});
  gemm.sustained_loss = node.required("sustained_loss").number(not_negative);
  pass_over(node.required("fit"));
  node.finish();
  return gemm;
}

// Factors on measured rates: a library twice as fast as the measured one would be a mistake.
double read_factor(const Node& node) { return node.number_or(1, {.min = 0.01, .max = 2}); }

LibraryVariant read_variant(const Node& node) {
  LibraryVariant variant = read_factors(node);
  variant.source = node.required("source").text();
  node.finish();
  return variant;
}

// Precisions that nobody measured take another's fractions, of their own peak.
void read_likenesses(const Node& node, KernelProfile& profile) {
  for (const std::string& key : node.keys()) {
    const Precision to = precision_key(node, key);
    const Node likeness = node.required(key);
    const Precision from = likeness.precision();
    const auto gemm = profile.gemm.find(from);
    if (gemm == profile.gemm.end()) {
      likeness.problem("a precision that has a table under `gemm`", "`" + std::string(name_of(from)) + "`");
      continue;
    }
    profile.gemm.emplace(to, GemmProfile(gemm->second));
  }
}

}  // namespace

LibraryVariant read_factors(const Node& node) {
  LibraryVariant factors;
  if (const Node gemm = node.optional("gemm")) {
    for (const std::string& key : gemm.keys()) factors.gemm[precision_key(gemm, key)] = read_factor(gemm.required(key));
  }
  factors.attention_forward = read_factor(node.optional("attention_forward"));
  factors.attention_backward = read_factor(node.optional("attention_backward"));
  factors.memory = read_factor(node.optional("memory"));
  if (const Node dim = node.optional("softmax_dim")) factors.softmax_dim = dim.number({.min = 0, .max = 1000});
  return factors;
}

KernelProfile read_kernel_profile(const Node& root) {
  KernelProfile profile;
  profile.library = root.required("library").text();
  profile.source = root.required("source").text();
  profile.derived_from = root.optional("derived_from").text_or("");
  profile.derived_because = root.optional("derived_because").text_or("");
  profile.pair_tiles = root.required("pair_tiles").boolean();
  const Node gemm = root.required("gemm");
  for (const std::string& key : gemm.keys()) profile.gemm[precision_key(gemm, key)] = read_gemm(gemm.required(key));
  const Node attention = root.required("attention");
  for (const std::string& key : attention.keys())
    profile.attention[precision_key(attention, key)] = read_attention(attention.required(key));
  const Node memory = root.required("memory");
  profile.memory.bandwidth_fraction = memory.required("bandwidth_fraction").number(fraction);
  profile.memory.launch = memory.required("launch").seconds();
  memory.finish();
  read_likenesses(root.required("like"), profile);
  profile.serving = read_serving_profile(root.required("serving"));
  const Node libraries = root.required("libraries");
  for (const std::string& name : libraries.keys()) profile.libraries[name] = read_variant(libraries.required(name));
  root.finish();
  return profile;
}

}  // namespace aifsim::hardware
