// A row of inference.csv as platform and workload files.
#include "study/inference_row.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "base/error.hpp"
#include "config/named_file.hpp"
#include "hardware/platform.hpp"
#include "study/inference_servers.hpp"
#include "study/words.hpp"

namespace aifsim::study {
namespace {

Layout checked(Layout layout, const model::ModelSpec& model) {
  if (!model.experts) layout.ep = 1;
  layout.ep = std::max(1, std::min(layout.ep, layout.gpus()));
  layout.moe_tp = layout.gpus() / layout.ep;
  return layout;
}

// `tp` and `attention_dp` multiply to the GPUs, or both name all of them, as TensorRT-LLM's options do.
Layout layout_of(const Table::Row& row, const model::ModelSpec& model, std::string& assumed) {
  Layout layout;
  const int gpus = row.integer_or("num_gpus", row.integer_or("tp", 1)) / std::max(1, row.integer_or("pp", 1));
  layout.tp = row.integer_or("tp", gpus);
  layout.dp = row.integer_or("attention_dp", 1);
  const bool data_parallel = contains(row.text("quality_note"), "attention DP enabled");
  if (data_parallel && row.empty("attention_dp")) layout.dp = layout.tp;
  if (layout.tp * layout.dp > gpus && layout.tp == layout.dp) layout.tp = 1;
  if (row.text("ep") == "not stated") {
    layout.ep = data_parallel ? layout.gpus() : 1;
    if (model.experts) assumed += "ep " + std::to_string(layout.ep) + "; ";
  } else {
    layout.ep = row.integer_or("ep", 1);
  }
  return checked(layout, model);
}

Layout worker_of(const Table::Row& row, const std::string& role, const model::ModelSpec& model) {
  Layout layout;
  layout.tp = row.integer_or(role + "_tp", 1);
  layout.dp = row.integer_or(role + "_dp", 1);
  layout.ep = row.integer_or(role + "_ep", 1);
  if (layout.ep > layout.gpus() && layout.ep % layout.gpus() == 0) layout.dp *= layout.ep / layout.gpus();
  // Experts cut into more parts than a node has GPUs would be slivers: such a column leaves EP unsaid.
  constexpr int most_slices = 8;
  if (layout.ep == 1 && layout.dp > most_slices) layout.ep = layout.gpus();
  return checked(layout, model);
}

// InferenceX asks for FP8 caches where its scripts say so: always with TensorRT-LLM, on Blackwell with SGLang and
// narrow weights, with vLLM for dense models and for gpt-oss on Blackwell.
std::string cache_format(const Table::Row& row, const model::ModelSpec& model, const std::string& usual) {
  if (!row.empty("kv_precision")) return lower(row.text("kv_precision"));
  // NVIDIA's own checkpoints state an FP8 cache (hf_quant_config.json), and vLLM follows them.
  const bool by_nvidia = row.text("model").starts_with("nvidia/") && engine_file(row.text("engine")) == "vllm";
  if (by_nvidia && contains(lower(row.text("precision")), "fp8")) return "fp8";
  if (!is_inferencex(row)) return usual;
  const std::string engine = engine_file(row.text("engine"));
  const bool narrow = lower(row.text("precision")).starts_with("fp");
  const bool open_weights = contains(lower(model.name), "gpt-oss");
  if (engine == "tensorrt-llm") return "fp8";
  if (engine == "sglang") return is_blackwell(row.text("gpu")) && narrow ? "fp8" : usual;
  return (narrow && !model.experts) || (open_weights && is_blackwell(row.text("gpu"))) ? "fp8" : usual;
}

// The options of one engine, as a flow map after `engine: `.
std::string engine_yaml(const Table::Row& row, const model::ModelSpec& model, const Layout& layout, Bytes gpu_memory) {
  const char* const scaling = contains(row.text("quality_note"), "gemm=fp8_block") ? " block" : "";
  const std::string precision = row.text("precision") + scaling;
  CheckpointFormats formats = checkpoint_formats(model, precision, row.text("engine"), row.text("gpu"));
  formats.kv_cache = cache_format(row, model, formats.kv_cache);
  std::ostringstream out;
  out << "{software: " << engine_file(row.text("engine")) << ", tp: " << layout.tp << ", dp: " << layout.dp;
  if (row.integer_or("pp", 1) > 1) out << ", pp: " << row.integer("pp");
  if (model.experts) out << ", ep: " << layout.ep << ", moe_tp: " << layout.moe_tp;
  out << ", precision: {attention: " << formats.attention << ", ffn: " << formats.ffn
      << ", experts: " << formats.experts << ", activations: " << formats.activations
      << ", kv_cache: " << formats.kv_cache
      << "}, prefix_caching: false, max_model_tokens: " << row.integer("isl") + row.integer("osl");
  if (!row.empty("max_batch")) out << ", max_sequences: " << row.integer("max_batch");
  if (row.text("load_model") == "static batch") out << ", batching: static";
  out << server_options(row, model, layout, formats, gpu_memory);
  out << '}';
  return out.str();
}

std::string lengths_yaml(const Table::Row& row, const char* column) {
  const std::string ratio = range_ratio(row);
  return ratio.empty() ? row.text(column) : "{max: " + row.text(column) + ", range_ratio: " + ratio + "}";
}

// Closed loop: as many requests as the benchmark client sends, all users starting at once, or fewer where the result is
// the same. Offline: all requests wait from the start; beyond a few batches more of them only repeat what was.
std::string requests_yaml(const Table::Row& row, std::string& assumed) {
  std::ostringstream out;
  out << "requests:\n  input: " << lengths_yaml(row, "isl") << "\n  output: " << lengths_yaml(row, "osl");
  if (row.text("load_model").starts_with("closed loop")) {
    const int users = row.integer("concurrency");
    const int rounds = users <= 512 ? 10 : 3;
    out << "\n  arrivals: closed-loop\n  users: " << users << "\n  count: " << rounds * users << '\n';
    // Equal lengths keep users in step where many prompts fit into an iteration. Those of vLLM fall out of step, into
    // clumps of about the square root of their number (calibrated, TTFT; no client documents it).
    const bool in_clumps = range_ratio(row).empty() && engine_file(row.text("engine")) == "vllm";
    const int clump = std::min(users, static_cast<int>(std::lround(1.2 * std::sqrt(users))));
    if (in_clumps) out << "  staggered: {in_step: " << clump << "}\nwarm_up: " << users << '\n';
    return out.str();
  }
  int count = row.integer_or("num_requests", row.integer_or("concurrency", 3000));
  if (row.empty("num_requests") && row.empty("concurrency")) assumed += "3000 requests; ";
  count = std::min(count, 6000);
  out << "\n  arrivals: all-at-once\n  count: " << count << '\n';
  return out.str();
}

std::string unsupported_reason(const Table::Row& row) {
  const std::string& mode = row.text("mode");
  if (mode != "agg" && mode != "disagg") return "half a service (" + mode + ") without its batch";
  if (row.empty("isl") || row.empty("osl")) return "the row does not state its lengths";
  const std::string& load = row.text("load_model");
  if (load.starts_with("closed loop") && row.empty("concurrency")) return "the row does not state its concurrency";
  if (!load.starts_with("closed loop") && load != "offline infinite rate" && load != "static batch")
    return "load model " + load;
  if (model_file_of(row.text("model")).empty()) return "no model file for " + row.text("model");
  if (engine_file(row.text("engine")).empty()) return "no engine file for " + row.text("engine");
  if (!node_type_of(row.text("gpu"), row.text("platform"))) return "no node type for GPU " + row.text("gpu");
  if (mode == "disagg" && (row.empty("prefill_workers") || row.empty("decode_workers"))) {
    return "the row does not state its workers";
  }
  return {};
}

// Workers do not straddle nodes where they fit into one.
std::string platform_yaml(const std::string& node, int gpus, int largest) {
  const int domain = contains(node, "nvl72") ? 72 : 8;
  const int per_domain = largest <= domain ? domain / largest * largest : domain;
  const int domains = (gpus + per_domain - 1) / per_domain + (gpus > per_domain ? 1 : 0);
  return "nodes: {type: " + node + ", count: " + std::to_string(domains) +
         "}\nscale_out: {topology: " + (domains > 1 ? "rail-optimized" : "none") + "}\n";
}

model::ModelSpec load_model(const std::string& file) {
  const config::Document document = config::Document::parse("model: " + file + "\n", "model");
  model::ModelSpec model = model::read_model(document.root().required("model"));
  document.check();
  return model;
}

hardware::GpuSpec gpu_of(const std::string& node) {
  const config::Document document =
      config::Document::parse("nodes: {type: " + node + ", count: 1}\nscale_out: {topology: none}\n", "platform");
  const hardware::Platform platform = hardware::read_platform(document);
  document.check();
  return *platform.groups.front().type->gpu;
}

// A prefix that the server had cached, or more replicas than the row counts GPUs of: no GPU computes so many prompts.
bool outruns_its_gpus(const Table::Row& row, const model::ModelSpec& model, const hardware::GpuSpec& gpu) {
  if (row.empty("ttft_ms") || row.empty("tpot_ms") || row.empty("concurrency") || row.empty("num_gpus")) return false;
  FlopsPerSecond peak;
  for (const auto& [precision, rate] : gpu.dense_peak) peak = std::max(peak, rate);
  const Seconds cycle = units::ms * (row.number("ttft_ms") + row.number("tpot_ms") * (row.number("osl") - 1));
  const double tokens = row.number("concurrency") * row.number("isl");
  const double layers = model::active_parameters(model) - 1.0 * model.vocab * model.hidden;
  return units::flop * (2 * layers * tokens) / cycle > peak * row.number("num_gpus");
}

}  // namespace

RowReading read_inference_row(const Table::Row& row) {
  if (std::string reason = unsupported_reason(row); !reason.empty()) return {std::nullopt, std::move(reason)};
  RowScenario scenario;
  const std::string file = model_file_of(row.text("model"));
  const model::ModelSpec model = load_model(file);
  const std::string node = *node_type_of(row.text("gpu"), row.text("platform"));
  const hardware::GpuSpec gpu = gpu_of(node);
  if (outruns_its_gpus(row, model, gpu)) return {std::nullopt, "its prompts alone need more than the peak of its GPUs"};
  std::ostringstream out;
  out << "kind: serving\nname: \"" << row.text("id") << "\"\nmodel: " << file << '\n';
  if (row.text("mode") == "disagg") {
    const Layout prefill = worker_of(row, "prefill", model), decode = worker_of(row, "decode", model);
    const int prefills = row.integer("prefill_workers"), decodes = row.integer("decode_workers");
    out << "prefill: {replicas: " << prefills << ", engine: " << engine_yaml(row, model, prefill, gpu.memory)
        << "}\ndecode: {replicas: " << decodes << ", engine: " << engine_yaml(row, model, decode, gpu.memory) << "}\n";
    scenario.platform = platform_yaml(node, prefills * prefill.gpus() + decodes * decode.gpus(),
                                      std::max(prefill.gpus(), decode.gpus()));
  } else {
    const Layout layout = layout_of(row, model, scenario.assumed);
    const int stages = std::max(1, row.integer_or("pp", 1));
    const int replicas = std::max(1, row.integer_or("num_gpus", 1) / (layout.gpus() * stages));
    out << "replicas: " << replicas << "\nengine: " << engine_yaml(row, model, layout, gpu.memory) << '\n';
    scenario.platform = platform_yaml(node, replicas * layout.gpus() * stages, layout.gpus());
  }
  out << requests_yaml(row, scenario.assumed);
  scenario.workload = out.str();
  return {std::move(scenario), {}};
}

}  // namespace aifsim::study
