// The `serving` section of a kernel table.
#include "hardware/kernel_profile_parts.hpp"

namespace aifsim::hardware {

namespace {

using config::Node;
constexpr config::Range sharpness{.min = 1, .max = 100};

DecodeProfile read_decode(const Node& node) {
  DecodeProfile decode;
  decode.launch = node.required("launch").seconds();
  decode.fill = node.required("fill").seconds();
  decode.fill_keys = node.required("fill_keys").number({.min = 1});
  decode.block = node.required("block").seconds();
  decode.grouped = node.required("grouped").seconds();
  decode.row = node.required("row").seconds();
  decode.block_share = node.required("block_share").number({.min = 0, .max = 1});
  decode.key = node.required("key").seconds();
  decode.bandwidth_fraction = node.required("bandwidth_fraction").number(fraction);
  decode.peak_fraction = node.required("peak_fraction").number(fraction);
  decode.overlap_sharpness = node.required("overlap_sharpness").number(sharpness);
  pass_over(node.required("fit"));
  node.finish();
  return decode;
}

ExpertProfile read_experts(const Node& node) {
  ExpertProfile experts;
  experts.launch = node.required("launch").seconds();
  experts.expert = node.required("expert").seconds();
  experts.bandwidth_fraction = node.required("bandwidth_fraction").number(fraction);
  experts.peak_fraction = node.required("peak_fraction").number(fraction);
  experts.balanced_tile = node.required("balanced_tile").number(not_negative);
  experts.k_ramp = node.required("k_ramp").number(not_negative);
  experts.token_passes = node.required("token_passes").number(not_negative);
  experts.row_bytes = node.required("row_bytes").number(not_negative);
  experts.overlap_sharpness = node.required("overlap_sharpness").number(sharpness);
  pass_over(node.required("fit"));
  node.finish();
  return experts;
}

template <class Profile>
std::map<Precision, Profile> read_by_precision(const Node& node, Profile (*read)(const Node&)) {
  std::map<Precision, Profile> profiles;
  for (const std::string& key : node.keys()) profiles[precision_key(node, key)] = read(node.required(key));
  // Every lookup falls back on this one.
  if (!profiles.contains(Precision::bf16)) static_cast<void>(node.required("bf16"));
  return profiles;
}

// "fp8", or "bf16/mxfp4": arithmetic / storage of the weights.
std::pair<Precision, Precision> weights_key(const Node& map, const std::string& key) {
  const std::size_t slash = key.find('/');
  const std::optional<Precision> arithmetic = precision_named(key.substr(0, slash));
  const std::optional<Precision> storage =
      slash == std::string::npos ? arithmetic : precision_named(key.substr(slash + 1));
  if (!arithmetic || !storage) map.required(key).problem("a precision, or two such as bf16/mxfp4", "`" + key + "`");
  return {arithmetic.value_or(Precision::bf16), storage.value_or(Precision::bf16)};
}

}  // namespace

ServingProfile read_serving_profile(const Node& node) {
  ServingProfile serving;
  serving.prompts_take_decodes = node.optional("prompts_take_decodes").boolean_or(false);
  serving.decode = read_by_precision(node.required("decode"), read_decode);
  serving.latent_decode = read_by_precision(node.required("latent_decode"), read_decode);
  serving.latent_prefill = read_by_precision(node.required("latent_prefill"), read_attention);
  const Node experts = node.required("experts");
  for (const std::string& key : experts.keys())
    serving.experts[weights_key(experts, key)] = read_experts(experts.required(key));
  if (!serving.experts.contains({Precision::bf16, Precision::bf16})) static_cast<void>(experts.required("bf16"));
  node.finish();
  return serving;
}

}  // namespace aifsim::hardware
