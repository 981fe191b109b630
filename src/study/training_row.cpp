// A row of training.csv as platform and workload files.
#include <algorithm>
#include <array>
#include <sstream>

#include "parallel/rank_map.hpp"
#include "study/row_scenario.hpp"
#include "study/words.hpp"

namespace aifsim::study {
namespace {

// Framework files by the beginning of the table's framework name, and what that framework does unless a row says
// otherwise.
struct FrameworkName {
  std::string_view begins;
  std::string_view file;
  std::string_view gradient_precision;
  bool tp_overlap;
  double attention_share;  // of the square, in its TFLOP/s formula
};
constexpr std::array<FrameworkName, 7> frameworks{{
    {"Composer", "llm-foundry", "bf16", false, 1.0},
    {"torchtitan", "torchtitan", "fp32", false, 1.0},
    {"Megatron-Bridge", "megatron-core", "bf16", true, 0.5},
    {"NeMo", "megatron-core", "bf16", true, 1.0},
    {"MLPerf", "megatron-core", "bf16", true, 0.5},
    {"Megatron-LM", "megatron-core", "fp32", true, 0.5},
    {"Meta", "megatron-core", "fp32", false, 0.5},
}};

const FrameworkName* framework_of(const Table::Row& row) {
  for (const FrameworkName& framework : frameworks) {
    if (row.text("framework").starts_with(framework.begins)) return &framework;
  }
  return nullptr;
}

// llm-foundry's tables hold two generations: automatic mixed precision ("amp_…", late 2023) and pure BF16 (early 2023).
std::string framework_file(const Table::Row& row, const FrameworkName& framework) {
  const bool pure = framework.file == "llm-foundry" && !row.text("precision").starts_with("amp");
  return std::string(framework.file) + (pure ? "-early-2023" : "");
}

std::string unsupported_reason(const Table::Row& row) {
  if (!row.empty("moe_experts")) return "mixture-of-experts models are not simulated yet";
  const std::string& attention = row.text("attention");
  if (!attention.empty() && attention != "GQA" && attention != "MHA")
    return "attention " + attention + " is not simulated yet";
  if (!row.text("task").starts_with("pretrain")) return "task " + row.text("task") + " is not simulated yet";
  for (const char* column : {"layers", "hidden", "heads", "seq_len", "global_batch", "num_gpus"}) {
    if (row.empty(column)) return std::string("the row does not state ") + column;
  }
  if (!node_type_of(row.text("gpu"), row.text("platform"))) return "no node type for GPU " + row.text("gpu");
  if (framework_of(row) == nullptr) return "no framework file for " + row.text("framework");
  return {};
}

// A vocabulary the row leaves open, from the family's published tokenizer (workloads/models cites them).
int vocabulary_of(const Table::Row& row, std::string& assumed) {
  if (!row.empty("vocab")) return row.integer("vocab");
  const std::string name = lower(row.text("model"));
  const int vocabulary = contains(name, "llama2") ? 32000 : contains(name, "gpt3") ? 51200 : 128256;
  assumed += "vocabulary " + std::to_string(vocabulary) + "; ";
  return vocabulary;
}

struct Degrees {
  int tp, pp, cp, vp, dp;
};

int micro_batch_of(const Table::Row& row, int pp) {
  // torchtitan's column is the local batch; its pipeline splits that into micro-batches of one sequence.
  if (pp > 1 && row.text("framework").starts_with("torchtitan")) return 1;
  return row.integer_or("micro_batch", 1);
}

// The most chunks (at most 8) whose slots split the layers evenly and whose micro-batches come in whole groups. What a
// Megatron user takes who does not say, as the bubble shrinks by it.
int usual_chunks(const Table::Row& row, const Degrees& degrees) {
  const int layers = row.integer("layers");
  const int micro_batches = row.integer("global_batch") / (degrees.dp * micro_batch_of(row, degrees.pp));
  if (degrees.pp == 1 || micro_batches % degrees.pp != 0) return 1;
  for (int chunks = 8; chunks > 1; --chunks) {
    const int slots = chunks * degrees.pp;
    if (layers % slots == 0 || (layers + 2) % slots == 0) return chunks;
  }
  return 1;
}

Degrees degrees_of(const Table::Row& row) {
  Degrees degrees{row.integer_or("tp", 1), row.integer_or("pp", 1), row.integer_or("cp", 1), row.integer_or("vp", 1),
                  1};
  degrees.dp = std::max(1, row.integer("num_gpus") / (degrees.tp * degrees.pp * degrees.cp));
  const std::string& framework = row.text("framework");
  const bool plain = framework.starts_with("torchtitan") && !contains(framework, "Interleaved");
  if (row.empty("vp") && !plain) degrees.vp = usual_chunks(row, degrees);
  return degrees;
}

void write_model(const Table::Row& row, std::ostream& out, std::string& assumed) {
  const std::string name = lower(row.text("model"));
  const bool mpt = name.starts_with("mpt");
  const bool gpt = contains(name, "gpt3");
  const int heads = row.integer("heads");
  // Qwen3-32B keeps head_dim 128 at hidden 5120 with 64 heads (workloads/models/qwen3-32b.yaml).
  const int head_dim = contains(name, "qwen3") ? 128 : row.integer("hidden") / heads;
  out << "model:\n"
      << "  name: \"" << row.text("model") << "\"\n"
      << "  layers: " << row.integer("layers") << "\n  hidden: " << row.integer("hidden")
      << "\n  ffn_hidden: " << row.integer_or("ffn_hidden", 4 * row.integer("hidden")) << "\n  heads: " << heads
      << "\n  kv_heads: " << row.integer_or("kv_heads", heads) << "\n  head_dim: " << head_dim
      << "\n  vocab: " << vocabulary_of(row, assumed) << "\n  norm: " << (mpt || gpt ? "layernorm" : "rmsnorm")
      << "\n  activation: " << (mpt || gpt ? "gelu" : "swiglu") << "\n  position: "
      << (mpt   ? "alibi"
          : gpt ? "learned"
                : "rope")
      << "\n  tied_embeddings: " << (mpt || gpt ? "true" : "false") << "\n";
}

std::string precision_of(const Table::Row& row) {
  const std::string text = lower(row.text("precision"));
  if (contains(text, "fp4")) return "nvfp4";
  if (contains(text, "mxfp8") || contains(text, "fp8-mx")) return "mxfp8";
  if (contains(text, "fp8")) return "fp8";
  return "bf16";
}

std::string gradient_precision_of(const Table::Row& row, const FrameworkName& framework, std::string& assumed) {
  const std::string text = lower(row.text("precision"));
  if (contains(text, "bf16 grad")) return "bf16";
  if (contains(text, "fp32 grad")) return "fp32";
  if (contains(row.text("quality_note"), "MP mode DEFAULT")) return "fp32";
  if (contains(row.text("quality_note"), "MP mode PURE")) return "bf16";
  assumed += "gradients reduced in " + std::string(framework.gradient_precision) + "; ";
  return std::string(framework.gradient_precision);
}

std::string recompute_of(const Table::Row& row, std::string& assumed) {
  const std::string& text = row.text("recompute");
  if (text == "none" || text == "full") return text;
  if (text.starts_with("selective")) return "selective";
  assumed += "recompute: the least that fits; ";
  return "auto";
}

// FSDP where the column says so: the number of ranks that split the parameters. Meta's keeps them between passes (arXiv
// 2407.21783 §3.3.2), which is ZeRO-2. Otherwise Megatron's distributed optimizer.
void write_sharding(const Table::Row& row, const Degrees& degrees, std::ostream& out) {
  const int ranks = degrees.dp * degrees.cp;
  const int shards = row.integer_or("fsdp", 0);
  const bool hybrid = contains(row.text("precision"), "HSDP4");
  const bool keeps = row.text("framework").starts_with("Meta");
  out << "  sharding: " << (shards <= 1 ? "distributed-optimizer" : keeps ? "zero2" : "fsdp") << '\n';
  if (shards > 1 && shards < ranks && ranks % shards == 0) out << "  shard_group: " << shards << '\n';
  if (shards <= 1 && hybrid && ranks % 4 == 0) out << "  shard_group: " << ranks / 4 << '\n';
}

std::string workload_yaml(const Table::Row& row, const FrameworkName& framework, std::string& assumed) {
  const Degrees degrees = degrees_of(row);
  const std::string precision = precision_of(row);
  const bool quantised_gather =
      contains(lower(row.text("precision")), "fp8 all-gather") || contains(row.text("precision"), "fp8_param_gather");
  const std::string& name = row.text("framework");
  if (row.empty("vp") && degrees.vp > 1) assumed += std::to_string(degrees.vp) + " chunks per stage; ";
  const bool tp_overlap =
      (framework.tp_overlap || contains(lower(name), "asynctp") || contains(lower(name), "async tp")) && degrees.tp > 1;
  std::ostringstream out;
  out << "kind: training\nname: \"" << row.text("id") << "\"\n";
  write_model(row, out, assumed);
  out << "framework: " << framework_file(row, framework) << "\nsequence: " << row.integer("seq_len")
      << "\nglobal_batch: " << row.integer("global_batch") << "\nmicro_batch: " << micro_batch_of(row, degrees.pp)
      << "\nprecision: " << precision << "\ngradient_precision: " << gradient_precision_of(row, framework, assumed)
      << "\ngather_precision: " << (quantised_gather ? "fp8" : "bf16") << "\nparallelism:\n  tp: " << degrees.tp
      << "\n  pp: " << degrees.pp << "\n  vp: " << (degrees.pp > 1 ? degrees.vp : 1) << "\n  cp: " << degrees.cp
      << "\n  dp: " << degrees.dp << '\n';
  write_sharding(row, degrees, out);
  out << "recompute: " << recompute_of(row, assumed)
      << "\noverlap: {tensor_parallel: " << (tp_overlap ? "true" : "false")
      << "}\nnvls: " << (contains(row.text("quality_note"), "NCCL_NVLS_ENABLE=0") ? "false" : "true") << '\n';
  return out.str();
}

std::string platform_yaml(const Table::Row& row) {
  const Degrees degrees = degrees_of(row);
  const int gpus = row.integer("num_gpus");
  const int domain = row.integer_or("nvlink_domain_gpus", 8);
  const int used = parallel::even_gpus_per_domain(gpus, domain, degrees.tp * degrees.cp);
  const int domains = (gpus + used - 1) / std::max(1, used);
  std::ostringstream out;
  out << "nodes: {type: " << *node_type_of(row.text("gpu"), row.text("platform")) << ", count: " << domains
      << "}\nscale_out: {topology: " << (domains > 1 ? "rail-optimized" : "none") << "}\n";
  return out.str();
}

}  // namespace

RowReading read_training_row(const Table::Row& row) {
  if (std::string reason = unsupported_reason(row); !reason.empty()) return {std::nullopt, std::move(reason)};
  RowScenario scenario;
  scenario.workload = workload_yaml(row, *framework_of(row), scenario.assumed);
  scenario.platform = platform_yaml(row);
  scenario.attention_share = framework_of(row)->attention_share;
  return {std::move(scenario), {}};
}

}  // namespace aifsim::study
