// Names and number formats of published checkpoints.
#include <algorithm>
#include <cctype>
#include <string_view>

#include "config/named_file.hpp"
#include "study/inference_row.hpp"
#include "study/words.hpp"

namespace aifsim::study {
namespace {

// Letters and digits alone, and no "v" before a digit: "LLaMA v3.3 70B" is "llama3.3-70b".
std::string squeezed(const std::string& name) {
  std::string letters;
  for (const char c : lower(name)) {
    const auto symbol = static_cast<unsigned char>(c);
    if (std::isdigit(symbol) != 0 && !letters.empty() && letters.back() == 'v') letters.pop_back();
    if (std::isalnum(symbol) != 0) letters += c;
  }
  return letters;
}

// Four-bit checkpoints quantise the routed experts of these models and leave attention, and what every token passes, in
// BF16: OpenAI's MXFP4 (gpt-oss model card), Moonshot's INT4 (Kimi-K2.5 model card), NVIDIA's NVFP4 of DeepSeek-R1/V3,
// Kimi-K2.5, GLM-5, MiniMax-M2.5, Qwen3.5 (hf_quant_config.json, exclude_modules; recalled).
bool only_experts(const model::ModelSpec& model) { return model.experts.has_value(); }

}  // namespace

std::string model_file_of(const std::string& name) {
  const std::string wanted = squeezed(name);
  std::string best;
  std::size_t longest = 0;
  for (const std::string& file : config::names_in("workloads/models")) {
    const std::string known = squeezed(file);
    const bool fits = contains(wanted, known) || known.starts_with(wanted);
    const std::size_t length = std::min(known.size(), wanted.size());
    if (!fits || length < longest || (length == longest && !best.empty() && file.size() >= best.size())) continue;
    best = file;
    longest = length;
  }
  return best;
}

CheckpointFormats checkpoint_formats(const model::ModelSpec& model, const std::string& precision,
                                     const std::string& engine, const std::string& gpu) {
  const std::string text = lower(precision);
  const bool tensorrt = lower(engine).starts_with("t");
  const bool open_weights = contains(lower(model.name), "gpt-oss");
  CheckpointFormats formats{"bf16", "bf16", "bf16", "bf16", "bf16"};
  if (open_weights) {  // whatever a table calls it, there is one checkpoint
    formats.experts = "mxfp4";
    formats.activations = is_blackwell(gpu) ? "mxfp8" : "bf16";
    return formats;
  }
  // DeepSeek's own FP8 checkpoints and NVIDIA's NVFP4 ones of Qwen3 state no format of the cache, and TensorRT-LLM
  // keeps it in BF16 then (inferred: their highest batches in the published rows do not fit twice as many tokens).
  const bool states_cache = !(contains(text, "fp8") && model.latent_attention) &&
                            !(contains(text, "fp4") && contains(lower(model.name), "qwen3") && model.experts);
  const bool stated_by_file = tensorrt || (contains(text, "fp4") && lower(engine).starts_with("vllm"));
  const std::string cache = stated_by_file && states_cache ? "fp8" : "bf16";
  if (contains(text, "int4")) {
    formats.experts = "mxfp4";  // INT4 in groups of 32: as many bits with its scales
    return formats;
  }
  if (contains(text, "fp4")) {
    const bool part = only_experts(model);
    formats = {part ? "bf16" : "nvfp4", part ? "bf16" : "nvfp4", "nvfp4", "nvfp4", cache};
    if (contains(text, "fp8 attention")) formats.attention = formats.ffn = "fp8";
    return formats;
  }
  if (contains(text, "fp8")) {
    formats = {"fp8", "fp8", "fp8", "fp8", cache};
    // MXFP8 weights under FP8 activations are FP8 in blocks (model::arithmetic).
    if (contains(text, "block") || model.fp8_in_blocks) formats.attention = formats.ffn = formats.experts = "mxfp8";
    if (contains(text, "bf16 attention")) formats.attention = "bf16";
  }
  return formats;
}

}  // namespace aifsim::study
