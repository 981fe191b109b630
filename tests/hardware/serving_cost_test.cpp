// Inference kernels: decoding, latent attention, routed experts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <vector>

#include "base/error.hpp"
#include "config/node.hpp"
#include "hardware/operator_cost.hpp"
#include "hardware/platform.hpp"

namespace aifsim::hardware {
namespace {

using namespace units;

std::shared_ptr<const GpuSpec> gpu_named(const std::string& name) {
  const config::Document document = config::Document::parse("gpu: " + name, "test.yaml");
  return read_gpu(document.root().required("gpu"));
}

Operator decode(double sequences, double heads, double kv_heads, double context, Precision cache = Precision::bf16) {
  const double batch = sequences * kv_heads, m = heads / kv_heads, k = 128;
  return {.kind = OperatorKind::attention_decode,
          .name = "test",
          .flops = 4 * m * context * k * batch * flop,
          .bytes = batch * (2 * context * k * bytes_per_element(cache) + 4 * m * k * B),
          .m = m,
          .n = context,
          .k = k,
          .batch = batch,
          .storage = cache};
}

Operator latent_decode(double sequences, double heads, double context, Precision cache = Precision::bf16) {
  return {.kind = OperatorKind::latent_decode,
          .name = "test",
          .flops = 2 * (576 + 512) * heads * context * sequences * flop,
          .bytes = sequences * (576 * context * bytes_per_element(cache) + 2 * (576 + 512) * heads * B),
          .m = heads,
          .n = context,
          .k = 576,
          .batch = sequences,
          .storage = cache};
}

Operator latent_prefill(double length, double heads) {
  return {.kind = OperatorKind::latent_prefill,
          .name = "test",
          .flops = (192 + 128) * length * length * heads * flop,
          .bytes = length * heads * 2 * 2 * 320 * B,
          .m = length,
          .n = length,
          .k = 192,
          .batch = heads};
}

Operator experts(double pairs, double hit, double inner, double hidden, Precision arithmetic, Precision storage,
                 double tokens, double matrices = 3) {
  const Bytes activations = tokens * hidden * (bytes_per_element(arithmetic) + 2 * B);
  return {.kind = OperatorKind::expert_ffn,
          .name = "test",
          .precision = arithmetic,
          .flops = 2 * matrices * pairs * inner * hidden * flop,
          .bytes = hit * matrices * inner * hidden * bytes_per_element(storage) + activations,
          .m = pairs,
          .n = inner,
          .k = hidden,
          .batch = hit,
          .storage = storage};
}

class RandomShapes {
 public:
  double between(double low, double high) {  // log-uniform, whole
    const double share = static_cast<double>(engine_()) / static_cast<double>(std::mt19937::max());
    return std::floor(low * std::pow(high / low, share));
  }
  template <class Choices>
  auto one_of(const Choices& choices) {
    auto choice = choices.begin();
    std::advance(choice, static_cast<std::ptrdiff_t>(engine_() % choices.size()));
    return *choice;
  }
  Operator draw(const GpuSpec& gpu) {
    const Precision cache = one_of(std::vector{Precision::bf16, Precision::fp8, Precision::nvfp4});
    const double kv_heads = between(1, 65);
    switch (engine_() % 4) {
      case 0: return decode(between(1, 2048), kv_heads * between(1, 17), kv_heads, between(1, 2e5), cache);
      case 1: return latent_decode(between(1, 1024), between(1, 129), between(1, 2e5), cache);
      case 2: return latent_prefill(between(1, 4e4), between(1, 129));
      default: break;
    }
    const double hit = between(1, 257);
    const double pairs = hit * between(1, 4096);
    return experts(pairs, hit, between(64, 16384), between(512, 8192), one_of(gpu.dense_peak).first,
                   one_of(all_precisions), pairs / between(1, 9), engine_() % 2 == 0 ? 2 : 3);
  }

 private:
  std::mt19937 engine_{42};
};

TEST(ServingCostLaw, NeverBeatsTheSpeedOfLight) {
  for (const CatalogEntry& entry : list_gpus()) {
    const std::shared_ptr<const GpuSpec> gpu = gpu_named(entry.name);
    RandomShapes shapes;
    for (int i = 0; i < 1000; ++i) {
      const Operator op = shapes.draw(*gpu);
      const Seconds time = operator_cost(op, *gpu).time;
      ASSERT_GE(time, operator_floor(op, *gpu))
          << entry.name << ' ' << static_cast<int>(op.kind) << " m=" << op.m << " n=" << op.n << " batch=" << op.batch;
      ASSERT_GE(time, op.bytes / gpu->memory_bandwidth);
      ASSERT_TRUE(std::isfinite(time.base()));
      ASSERT_EQ(time, operator_cost(op, *gpu).time);  // pure
    }
  }
}

TEST(ServingCostLaw, MoreWorkIsNeverFaster) {
  for (const CatalogEntry& entry : list_gpus()) {
    const std::shared_ptr<const GpuSpec> gpu = gpu_named(entry.name);
    const auto time = [&](const Operator& op) { return operator_cost(op, *gpu).time; };
    RandomShapes random;
    for (int i = 0; i < 300; ++i) {
      const double sequences = random.between(1, 1024), kv_heads = random.between(1, 17), group = random.between(2, 17);
      const double context = random.between(1, 1e5), more = random.between(1, 1e4);
      const Seconds base = time(decode(sequences, kv_heads * group, kv_heads, context));
      ASSERT_LE(base, time(decode(sequences + more, kv_heads * group, kv_heads, context))) << entry.name;
      ASSERT_LE(base, time(decode(sequences, kv_heads * group, kv_heads, context + more))) << entry.name;
      ASSERT_LE(time(latent_decode(sequences, 128, context)), time(latent_decode(sequences, 128, context + more)));
      const double hit = random.between(1, 257), pairs = hit * random.between(1, 1000);
      const auto ffn = [&](double rows, double with_work) {
        return time(experts(rows, with_work, 2048, 7168, Precision::bf16, Precision::bf16, rows));
      };
      ASSERT_LE(ffn(pairs, hit), ffn(pairs + more, hit)) << entry.name << ' ' << pairs << ' ' << more << ' ' << hit;
    }
  }
}

TEST(ServingCostLaw, ACheaperCacheIsNeverSlowerWhereItStreams) {
  for (const char* name : {"h100-sxm", "h200-sxm", "b200-sxm", "gb200"}) {
    const std::shared_ptr<const GpuSpec> gpu = gpu_named(name);
    for (const double context : {4096.0, 16384.0, 65536.0}) {
      EXPECT_LT(operator_cost(decode(64, 64, 8, context, Precision::fp8), *gpu).time,
                operator_cost(decode(64, 64, 8, context), *gpu).time);
      EXPECT_LT(operator_cost(latent_decode(256, 16, context, Precision::fp8), *gpu).time,
                operator_cost(latent_decode(256, 16, context), *gpu).time);
    }
  }
}

TEST(ContextLine, IsTheCostUpToItsEnd) {
  for (const CatalogEntry& entry : list_gpus()) {
    const std::shared_ptr<const GpuSpec> gpu = gpu_named(entry.name);
    RandomShapes random;
    for (int i = 0; i < 500; ++i) {
      const double sequences = random.between(1, 2048), context = random.between(1, 1e5);
      const Precision cache = random.one_of(std::vector{Precision::bf16, Precision::fp8});
      const ContextLine line = context_line(decode(sequences, 64, 8, context, cache), *gpu);
      ASSERT_GT(line.until, context) << entry.name;
      for (const double share : {0.0, 0.3, 0.99}) {
        const double later = context + share * (std::min(line.until, 4 * context) - context);
        const double time = operator_cost(decode(sequences, 64, 8, later, cache), *gpu).time.in(us);
        ASSERT_NEAR(time, (line.fixed + later * line.per_key).in(us), 1e-6 * time) << entry.name << ' ' << later;
      }
    }
  }
}

TEST(ContextLine, OfAnythingElseIsOurBug) {
  EXPECT_THROW(static_cast<void>(context_line(latent_prefill(64, 8), *gpu_named("h100-sxm"))), InternalError);
}

TEST(ServingCost, LaunchOfTheFusedExpertsIsPaidOnce) {
  const std::shared_ptr<const GpuSpec> gpu = gpu_named("h100-sxm");
  Operator op = experts(64, 8, 2048, 7168, Precision::bf16, Precision::bf16, 64);
  const Seconds once = operator_cost(op, *gpu).time;
  op.kernels = 4;
  EXPECT_EQ(operator_cost(op, *gpu).time, once);
}

TEST(ServingCost, FourBitWeightsUnderWiderArithmeticStreamFaster) {
  const std::shared_ptr<const GpuSpec> gpu = gpu_named("h100-sxm");
  const auto time = [&](Precision storage) {
    return operator_cost(experts(512, 128, 2880, 2880, Precision::bf16, storage, 128), *gpu).time;
  };
  EXPECT_LT(time(Precision::mxfp4), 0.75 * time(Precision::bf16));
}

struct MeasuredRow {
  std::string gpu, kind, precision;
  std::vector<double> numbers;
  double microseconds = 0;
};

std::vector<MeasuredRow> measured_rows() {
  std::ifstream file(std::string(AIFSIM_SOURCE_DIR) + "/tests/hardware/measured_kernels.csv");
  std::vector<MeasuredRow> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#' || line.starts_with("gpu,")) continue;
    std::istringstream cells(line);
    MeasuredRow row;
    std::getline(cells, row.gpu, ',');
    std::getline(cells, row.kind, ',');
    std::getline(cells, row.precision, ',');
    for (std::string cell; std::getline(cells, cell, ',');) row.numbers.push_back(std::stod(cell));
    row.microseconds = row.numbers.back();
    rows.push_back(row);
  }
  return rows;
}

Operator operator_of(const MeasuredRow& row) {
  const std::vector<double>& x = row.numbers;
  const Precision precision = row.precision == "bfloat16" ? Precision::bf16 : precision_named(row.precision).value();
  if (row.kind == "attention_decode") return decode(x[0], x[1], x[2], x[3], precision);
  if (row.kind == "latent_decode") return latent_decode(x[0], x[1], x[3], precision);
  return experts(x[0] * x[1] / x[5], x[2] / x[5], x[4], x[3], precision, precision, x[0], x[6]);
}

TEST(ServingCostGolden, MeasuredKernels) {
  // Any row, and the median of each kind: the held-out errors of the tables (see their `fit`) with room for the draw.
  const std::map<std::string, std::pair<double, double>> bounds{
      {"attention_decode", {0.30, 0.05}}, {"latent_decode", {0.35, 0.06}}, {"expert_ffn", {0.60, 0.16}}};
  std::map<std::string, std::vector<double>> errors;
  for (const MeasuredRow& row : measured_rows()) {
    const double time = operator_cost(operator_of(row), *gpu_named(row.gpu)).time.in(us);
    const double error = std::abs(std::log(time / row.microseconds));
    errors[row.kind].push_back(error);
    EXPECT_LT(error, bounds.at(row.kind).first)
        << row.gpu << ' ' << row.kind << ' ' << row.precision << ' ' << row.numbers[0] << ' ' << row.numbers[3] << ": "
        << time << " us, measured " << row.microseconds;
  }
  ASSERT_EQ(errors.size(), 3U);
  for (auto& [kind, list] : errors) {
    std::sort(list.begin(), list.end());
    EXPECT_GE(list.size(), 16U);
    EXPECT_LT(list[list.size() / 2], bounds.at(kind).second) << kind;
  }
}

}  // namespace
}  // namespace aifsim::hardware
