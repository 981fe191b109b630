#include "study/inference_servers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <sstream>

#include "study/words.hpp"

namespace aifsim::study {
namespace {

// aiconfigurator's own runs; the other rows of its gap analyses repeat InferenceX (the same figures under both names).
bool is_aiconfigurator(const Table::Row& row) {
  return row.text("platform").starts_with("NVIDIA aic") && contains(row.text("quality_note"), "aic-auto-gap-analysis");
}

// How InferenceX starts its servers (github.com/SemiAnalysisAI/InferenceX, benchmarks/*.sh): vLLM with as many
// sequences as users; SGLang with large prefill chunks; TensorRT-LLM with a token budget of a prompt and the batch,
// 8,192 at least for DeepSeek.
std::string inferencex_options(const Table::Row& row, const model::ModelSpec& model, const Layout& layout) {
  const std::string engine = engine_file(row.text("engine"));
  const int users = row.integer_or("concurrency", 1);
  std::ostringstream out;
  if (engine == "vllm") {
    out << ", max_sequences: " << std::min(users, 8192);
  } else if (engine == "sglang") {
    const bool blackwell = is_blackwell(row.text("gpu"));
    const bool tight = model.latent_attention && layout.gpus() < 8 && lower(row.text("precision")) == "fp8";
    out << ", max_sequences: " << (users > 128 ? 512 : 128) << ", max_batched_tokens: "
        << (tight                                 ? 8192
            : blackwell && model.latent_attention ? 16384
                                                  : 32768)
        << ", memory_fraction: " << (tight ? "0.95" : "0.85");
    if (blackwell) out << ", prompt_wait: {iterations: " << (users >= 16 ? 30 : 10) << ", polled: true}";
  } else {
    const int prompt = row.integer("isl") + 64;
    const bool fp8_on_blackwell = is_blackwell(row.text("gpu")) && lower(row.text("precision")) == "fp8";
    const int budget = model.experts      ? std::max(8192, users + prompt)
                       : fp8_on_blackwell ? 16384
                                          : row.integer("isl") + row.integer("osl") + 20;
    out << ", max_batched_tokens: " << std::max(2048, budget);
    if (layout.dp > 1) out << ", prompt_wait: {iterations: 60, every_group: true}";
    const bool batches = !model.experts && row.integer("isl") == 1024 && row.integer("osl") == 1024 && layout.tp < 8;
    if (batches) out << ", prompt_wait: {iterations: 20, token_share: 0.9}";
  }
  return out.str();
}

int rounded_up(double value, int step) { return step * static_cast<int>(std::ceil(value / step)); }

// What trtllm-bench chooses for the highest throughput (tensorrt_llm/bench/build/tuning.py, calc_engine_setting and
// finetune_setting): as many sequences as it thinks that the cache holds, and the token budget of a steady mix of
// prompts and answers. It counts a cache of keys and values of every head, latent attention or not.
std::string throughput_options(const Table::Row& row, const model::ModelSpec& model, const Layout& layout,
                               const CheckpointFormats& formats, Bytes gpu_memory) {
  const double isl = row.number("isl"), osl = row.number("osl");
  const auto element = [](const std::string& name) {
    return name == "nvfp4" || name == "mxfp4" ? 0.5 : name == "bf16" ? 2.0 : 1.0;
  };
  const double heads = std::max(layout.gpus(), model.latent_attention ? model.heads : model.kv_heads);
  const double head_size = model.latent_attention ? double{1} * model.hidden / model.heads : model.head_dim;
  const double token = 2.0 * model.layers * heads * head_size * element(formats.kv_cache);
  const double weights = model::total_parameters(model) * element(model.experts ? formats.experts : formats.ffn);
  const double free = std::max(0.0, gpu_memory.in(units::B)*layout.gpus() - weights);
  const double sequences = std::min(0.95 * free / (token * (isl + osl)), 4096.0);
  const double tokens = std::min(sequences * (1 + isl / osl), 32768.0);
  const int batch = sequences < 256    ? std::max(64, rounded_up(sequences, 32))
                    : sequences < 1024 ? rounded_up(sequences, 128)
                                       : rounded_up(sequences, 256);
  int budget = tokens < 4096   ? std::max(2048, rounded_up(tokens, 256))
               : tokens < 8192 ? rounded_up(tokens, 512)
                               : rounded_up(tokens, 1024);
  // A prompt must fit beside the decodes of a full batch.
  budget = std::max(budget, static_cast<int>(isl) + batch);
  return ", max_sequences: " + std::to_string(batch) + ", max_batched_tokens: " + std::to_string(budget);
}

// "sglang 0.5.6.post2": is it this release or a later one? Names without a number are of today's.
bool is_release(const std::string& engine, std::array<int, 3> wanted) {
  std::array<int, 3> found{};
  std::size_t known = 0;
  const char* const end = engine.data() + engine.size();
  const char* at = engine.data() + std::min(engine.find_first_of("0123456789"), engine.size());
  while (known < found.size()) {
    const auto [stop, error] = std::from_chars(at, end, found.at(known));
    if (error != std::errc()) break;
    ++known;
    if (stop == end || *stop != '.') break;
    at = stop + 1;
  }
  return known < 2 || found >= wanted;
}

// How aiconfigurator starts the servers of its gap analyses (github.com/ai-dynamo/aiconfigurator, generator/rule_plugin
// and generator/config/backend_templates): room for a prompt, 1,500 tokens and the batch in an iteration; SGLang with
// mixed chunks from 0.5.3 on (the template for 0.5.1 asks for an option under a name that nothing sets); vLLM with its
// own budget (the template does not pass one on).
std::string aiconfigurator_options(const Table::Row& row) {
  const std::string engine = engine_file(row.text("engine"));
  const int users = row.integer_or("concurrency", 1);
  const int batch = users < 512 ? 512 : 2 * users;
  const int prompt = row.integer("isl") + 1500;
  if (engine == "vllm") return ", max_sequences: " + std::to_string(batch);
  if (engine == "tensorrt-llm") {
    constexpr int block = 32;
    return ", max_sequences: " + std::to_string(batch) +
           ", max_batched_tokens: " + std::to_string((batch + prompt + block - 1) / block * block) +
           ", memory_fraction: 0.8";
  }
  constexpr int chunk = 8192, sequences = 2048;
  const std::string budget = std::to_string(std::clamp(prompt, sequences, chunk));
  return is_release(row.text("engine"), {0, 5, 3}) ? ", batching: mixed, max_batched_tokens: " + budget : "";
}

}  // namespace

std::string engine_file(const std::string& engine) {
  const std::string name = lower(engine);
  if (name.starts_with("vllm")) return "vllm";
  if (name.starts_with("sglang")) return "sglang";
  if (name.starts_with("tensorrt-llm") || name.starts_with("trtllm")) return "tensorrt-llm";
  return {};
}

bool is_inferencex(const Table::Row& row) {
  const std::string& platform = row.text("platform");
  return platform.starts_with("InferenceX") || (platform.starts_with("NVIDIA aic") && !is_aiconfigurator(row));
}

// InferenceX always draws lengths so (benchmark-tmpl.yml, RANDOM_RANGE_RATIO).
std::string range_ratio(const Table::Row& row) {
  if (!row.empty("range_ratio")) return row.text("range_ratio");
  return is_inferencex(row) ? "0.8" : "";
}

std::string server_options(const Table::Row& row, const model::ModelSpec& model, const Layout& layout,
                           const CheckpointFormats& formats, Bytes gpu_memory) {
  if (row.text("load_model").starts_with("offline")) return throughput_options(row, model, layout, formats, gpu_memory);
  if (row.text("mode") != "agg") return {};
  if (is_inferencex(row)) return inferencex_options(row, model, layout);
  return is_aiconfigurator(row) ? aiconfigurator_options(row) : std::string();
}

}  // namespace aifsim::study
