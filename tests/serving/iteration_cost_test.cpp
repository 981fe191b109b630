// The cost of real engines' iterations: never below what the hardware could do at best, and on the lines it promises.
#include "serving/iteration_cost.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "serving/job.hpp"

namespace aifsim::serving {
namespace {

struct Draw {
  std::string platform, model, engine;
};

// Layouts that fit the model's heads and experts.
const std::array<Draw, 13> draws{{
    {"dgx-h100", "llama3-8b", "{software: vllm, precision: bf16}"},
    {"dgx-h100", "llama3-70b", "{software: tensorrt-llm, precision: fp8, kv_cache: fp8, tp: 8}"},
    {"dgx-h100", "llama3-70b", "{software: vllm, precision: fp8, tp: 4, pp: 2}"},
    {"dgx-h200", "deepseek-v3", "{software: sglang, precision: fp8, tp: 8, ep: 8}"},
    {"dgx-h200", "deepseek-v3", "{software: tensorrt-llm, precision: fp8, dp: 8, ep: 8, expert_exchange: all-to-all}"},
    {"dgx-b200", "deepseek-v3",
     "{software: tensorrt-llm, precision: nvfp4, tp: 4, moe_tp: 4, speculation: {tokens: 1, acceptance: 0.8}}"},
    {"dgx-b200", "gpt-oss-120b",
     "{software: vllm, precision: {weights: bf16, experts: mxfp4, activations: bf16}, tp: 2}"},
    {"dgx-h100", "qwen3-235b-a22b", "{software: vllm, precision: fp8, tp: 8, moe_tp: 8}"},
    {"dgx-h100", "nemotron3-super-120b-a12b", "{software: vllm, precision: fp8, tp: 4}"},
    {"gb200-nvl72", "deepseek-v3",
     "{software: tensorrt-llm, precision: nvfp4, dp: 16, ep: 16, expert_exchange: all-to-all}"},
    {"dgx-h100", "qwen2.5-vl-72b", "{software: vllm, precision: fp8, tp: 8, vision: {parallel: tensor}}"},
    {"dgx-h200", "qwen3-vl-235b-a22b",
     "{software: sglang, precision: fp8, tp: 4, dp: 2, ep: 8, vision: {parallel: data}}"},
    {"dgx-b200", "llama4-scout", "{software: vllm, precision: fp8, tp: 2, pp: 2, vision: {}}"},
}};

struct Case {
  explicit Case(const Draw& draw)
      : platform(read_platform("nodes: {type: " + draw.platform + ", count: 1}\n")),
        topology(topology::build(platform)),
        job(read_job("kind: serving\nmodel: " + draw.model + "\nengine: " + draw.engine +
                         "\nrequests: {arrivals: all-at-once, count: 1, input: 10, output: 10}\n",
                     platform)) {
    std::vector<DeviceId> gpus;
    for (int i = 0; i < job.gpus(); ++i) gpus.push_back(topology.fabric.gpu(static_cast<std::size_t>(i)));
    cost = std::make_unique<IterationCost>(job.model, job.pools[0].engine, platform, topology, gpus);
  }
  static hardware::Platform read_platform(const std::string& yaml) {
    const config::Document document = config::Document::parse(yaml, "platform.yaml");
    hardware::Platform read = hardware::read_platform(document);
    document.check();
    return read;
  }
  static ServingJob read_job(const std::string& yaml, const hardware::Platform& platform) {
    const config::Document document = config::Document::parse(yaml, "workload.yaml");
    ServingJob read = read_serving_job(document, &platform);
    document.check();
    return read;
  }
  hardware::Platform platform;
  topology::Topology topology;
  ServingJob job;
  std::unique_ptr<IterationCost> cost;
};

model::Batch random_batch(std::mt19937_64& random, const EngineOptions& engine, bool with_prefill) {
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  model::Batch batch;
  batch.decode_sequences = std::floor(std::exp(uniform(0, 5.5)));
  batch.decode_tokens = batch.sampled = batch.decode_sequences * (1 + engine.speculative_tokens);
  batch.decode_context = std::floor(batch.decode_sequences * std::exp(uniform(0, 10)));
  if (!with_prefill) return batch;
  batch.prefill_sequences = std::floor(uniform(1, 4));
  batch.prefill_tokens = std::floor(batch.prefill_sequences * std::exp(uniform(0, 7)));
  const double each = batch.prefill_tokens / batch.prefill_sequences;
  batch.prefill_pairs = batch.prefill_tokens * (each + 1) / 2;
  batch.sampled += batch.prefill_sequences;
  if (engine.vision.patches_per_token > 0) {
    const double images = std::floor(uniform(1, 9)),
                 patches = engine.vision.patches_per_token * std::floor(std::exp(uniform(1, 8)));
    batch.images = {images, images * patches, images * patches * patches};
  }
  return batch;
}

class IterationLaws : public testing::TestWithParam<std::size_t> {};

TEST_P(IterationLaws, nothing_beats_the_floor) {
  const Case one(draws.at(GetParam()));
  std::mt19937_64 random(GetParam());
  for (int i = 0; i < 100; ++i) {
    const model::Batch batch = random_batch(random, one.job.pools[0].engine, i % 2 == 1);
    // A line between two points of the memo may lie a little below the curve between them.
    EXPECT_GE(one.cost->time(batch) / one.cost->floor(batch), 1 - 1e-3)
        << draws.at(GetParam()).model << ' ' << batch.decode_sequences << " decodes of " << batch.decode_context << ", "
        << batch.prefill_tokens << " prompt tokens";
  }
}

TEST_P(IterationLaws, a_step_of_decodes_reads_weights_and_cache) {
  const Case one(draws.at(GetParam()));
  const EngineOptions& engine = one.job.pools[0].engine;
  const hardware::GpuSpec& gpu = *one.platform.groups[0].type->gpu;
  // A batch that touches every expert, on one pipeline stage's GPUs.
  const int sequences = 256;
  const double context = 1000;
  model::Batch batch;
  batch.decode_sequences = sequences;
  batch.decode_tokens = batch.sampled = sequences * (1.0 + engine.speculative_tokens);
  batch.decode_context = sequences * context;
  const Bytes cache = model::cache_bytes(model::cache_groups(one.job.model, engine.plan), context) * sequences;
  EXPECT_GT(one.cost->time(batch), cache / gpu.memory_bandwidth);
}

TEST_P(IterationLaws, decodes_lie_on_their_line_until_it_ends) {
  const Case one(draws.at(GetParam()));
  std::mt19937_64 random(GetParam() + 100);
  for (int i = 0; i < 50; ++i) {
    model::Batch batch = random_batch(random, one.job.pools[0].engine, false);
    const DecodeLine line = one.cost->decode(static_cast<int>(batch.decode_sequences), batch.decode_context, {});
    EXPECT_GT(line.until_context, batch.decode_context);
    for (const double share : {0.0, 0.3, 0.9}) {
      const double end = std::min(line.until_context, 2 * batch.decode_context);
      model::Batch later = batch;
      later.decode_context += (end - batch.decode_context) * share;
      const Seconds on_line = line.fixed + line.per_token * later.decode_context;
      EXPECT_NEAR(one.cost->time(later) / on_line, 1, 1e-9);
    }
  }
}

TEST_P(IterationLaws, more_work_takes_no_less_time) {
  const Case one(draws.at(GetParam()));
  Seconds before;
  for (const double tokens : {1.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 8192.0}) {
    const model::Batch batch{
        .prefill_sequences = 1, .prefill_tokens = tokens, .prefill_pairs = tokens * (tokens + 1) / 2, .sampled = 1};
    EXPECT_GE(one.cost->time(batch) / before, 0.97) << tokens;
    before = one.cost->time(batch);
  }
}

model::Batch one_prompt(double images, double patches) {
  return {.prefill_sequences = 1,
          .prefill_tokens = 2000,
          .prefill_pairs = 2000.0 * 2001 / 2,
          .sampled = 1,
          .images = {images, images * patches, images * patches * patches}};
}

TEST_P(IterationLaws, more_images_and_larger_ones_take_no_less_time) {
  const Case one(draws.at(GetParam()));
  if (!one.job.model.vision) return;
  Seconds before = one.cost->time(one_prompt(0, 0));
  for (const double images : {1.0, 2.0, 3.0, 8.0, 9.0, 16.0, 40.0}) {
    const Seconds time = one.cost->time(one_prompt(images, 1024));
    EXPECT_GE(time, before) << images;
    before = time;
  }
  before = {};
  for (const double patches : {16.0, 64.0, 100.0, 1024.0, 4096.0, 16384.0, 65536.0}) {
    const Seconds time = one.cost->time(one_prompt(1, patches));
    EXPECT_GE(time, before) << patches;
    before = time;
  }
}

// Bit for bit: whoever sends text alone has the service of before.
TEST_P(IterationLaws, an_encoder_costs_nothing_without_images) {
  const Draw draw = draws.at(GetParam());
  const std::size_t vision = draw.engine.find(", vision");
  if (vision == std::string::npos) return;
  const Case sees(draw), blind(Draw{draw.platform, draw.model, draw.engine.substr(0, vision) + "}"});
  ASSERT_TRUE(sees.job.model.vision && !blind.job.model.vision);
  EXPECT_EQ(sees.cost->time(one_prompt(0, 0)), blind.cost->time(one_prompt(0, 0)));
  EXPECT_EQ(sees.cost->decode(5, 5000, {}).fixed, blind.cost->decode(5, 5000, {}).fixed);
}

TEST_P(IterationLaws, a_breakdown_sums_to_the_time) {
  const Case one(draws.at(GetParam()));
  std::mt19937_64 random(GetParam() + 200);
  const model::Batch batch = random_batch(random, one.job.pools[0].engine, true);
  Seconds sum;
  for (const auto& [name, time] : one.cost->breakdown(batch)) {
    EXPECT_FALSE(name.empty());
    sum += time;
  }
  EXPECT_NEAR(sum / one.cost->time(batch), 1, 0.1);
}

// Serves adapters, whatever the engine's own map says.
Draw with_lora(Draw draw) {
  draw.engine.back() = ',';
  draw.engine += " lora: {max_loras: 32, max_lora_rank: 16}}";
  return draw;
}

model::Batch with_adapters(model::Batch batch, std::mt19937_64& random) {
  const auto uniform = [&](double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random);
  };
  batch.adapter_tokens = std::floor(uniform(1, batch.tokens()));
  batch.adapters = std::floor(uniform(1, std::min(32.0, batch.adapter_tokens)));
  return batch;
}

TEST_P(IterationLaws, with_adapters_nothing_beats_the_floor_and_decodes_lie_on_their_line) {
  const Case one(with_lora(draws.at(GetParam())));
  std::mt19937_64 random(GetParam() + 300);
  for (int i = 0; i < 60; ++i) {
    const model::Batch batch = with_adapters(random_batch(random, one.job.pools[0].engine, i % 2 == 1), random);
    const Seconds time = one.cost->time(batch);
    EXPECT_GE(time / one.cost->floor(batch), 1 - 1e-3) << batch.adapter_tokens << " tokens of " << batch.adapters;
    if (i % 2 == 1) continue;
    const DecodeLine line = one.cost->decode(static_cast<int>(batch.decode_sequences), batch.decode_context,
                                             {.tokens = batch.adapter_tokens, .adapters = batch.adapters});
    EXPECT_NEAR(time / (line.fixed + line.per_token * batch.decode_context), 1, 1e-9);
  }
}

TEST_P(IterationLaws, more_adapters_are_never_faster_and_none_cost_nothing) {
  const Case one(with_lora(draws.at(GetParam()))), without(draws.at(GetParam()));
  std::mt19937_64 random(GetParam() + 400);
  for (int i = 0; i < 20; ++i) {
    model::Batch batch = random_batch(random, one.job.pools[0].engine, i % 2 == 1);
    Seconds before = one.cost->time(batch);
    EXPECT_EQ(before, without.cost->time(batch));
    batch.adapter_tokens = std::floor(batch.tokens() / 2) + 1;
    for (double adapters = 1; adapters <= std::min(32.0, batch.adapter_tokens); ++adapters) {
      batch.adapters = adapters;
      const Seconds time = one.cost->time(batch);
      EXPECT_GE(time, before * (1 - 1e-12)) << adapters;
      before = time;
    }
  }
}

TEST(IterationCost, AdaptersAreNamed) {
  const Case one(with_lora(draws[0]));
  model::Batch batch{.decode_sequences = 8, .decode_tokens = 8, .decode_context = 8000, .sampled = 8};
  const auto share = [&](const std::string& wanted) {
    Seconds sum;
    for (const auto& [name, time] : one.cost->breakdown(batch)) sum += name == wanted ? time : Seconds{};
    return sum;
  };
  EXPECT_EQ(share("lora_shrink") + share("lora_expand"), Seconds{});
  batch.adapter_tokens = batch.adapters = 8;
  // 8 adapters of 84 MB at 3.35 TB/s are 200 us; launches come on top.
  EXPECT_GT(share("lora_shrink") + share("lora_expand"), units::us * 200.0);
  EXPECT_LT(share("lora_shrink") + share("lora_expand"), units::ms * 2.0);
}

INSTANTIATE_TEST_SUITE_P(Engines, IterationLaws, testing::Range<std::size_t>(0, draws.size()));

// Eight images on eight whole encoders need no all-reduces; one image has one GPU only.
TEST(IterationCost, whole_encoders_are_for_many_images) {
  const Draw split = draws[10];
  const Case tensor(split),
      data(Draw{split.platform, split.model, "{software: vllm, precision: fp8, tp: 8, vision: {parallel: data}}"});
  EXPECT_LT(data.cost->time(one_prompt(8, 4096)), tensor.cost->time(one_prompt(8, 4096)));
  EXPECT_GT(data.cost->time(one_prompt(1, 16384)), tensor.cost->time(one_prompt(1, 16384)));
}

// The first stage encodes alone: stages do not make it faster, nor slower.
TEST(IterationCost, an_encoder_is_on_one_stage) {
  const auto encoding = [](const std::string& layout) {
    const Case one(Draw{"dgx-h100", "qwen2.5-vl-72b",
                        "{software: tensorrt-llm, precision: fp8, tp: 2, " + layout + "vision: {}}"});
    return one.cost->time(one_prompt(6, 4096)) - one.cost->time(one_prompt(0, 0));
  };
  EXPECT_NEAR(encoding("pp: 4, ") / encoding(""), 1, 1e-9);
}

// Whatever is set aside for images is not there for keys and values.
TEST(IterationCost, an_encoder_takes_memory_from_the_cache) {
  const auto memory = [](const std::string& vision) {
    const Case one(Draw{"dgx-h100", "qwen2.5-vl-72b", "{software: vllm, precision: fp8, tp: 8" + vision + "}"});
    return engine_memory(one.job.model, one.job.pools[0].engine, *one.platform.groups[0].type->gpu);
  };
  const EngineMemory blind = memory(""), sees = memory(", vision: {}");
  const EngineMemory small = memory(", vision: {budget_tokens: 1024}"), whole = memory(", vision: {parallel: data}");
  EXPECT_EQ(blind.encoder_cache, Bytes{});
  EXPECT_EQ(sees.encoder_cache, 8192.0 * 8192 * 2 * units::B);  // budget x hidden
  EXPECT_EQ(small.encoder_cache, 1024.0 * 8192 * 2 * units::B);
  EXPECT_GT(blind.cache, small.cache);
  EXPECT_GT(small.cache, sees.cache);
  EXPECT_GT(sees.cache, whole.cache);
  for (const EngineMemory& use : {blind, sees, small, whole}) {
    const Bytes sum =
        use.weights + use.activations + use.encoder_cache + use.context + use.graphs + use.cache + use.reserve;
    EXPECT_NEAR(sum / use.capacity, 1, 1e-12);
  }
}

TEST(IterationCost, the_encoder_has_names_of_its_own) {
  const Case one(draws[10]);
  Seconds attention, mlp, sums;
  for (const auto& [name, time] : one.cost->breakdown(one_prompt(2, 4096))) {
    if (name == "vision_attention") attention = time;
    if (name == "vision_mlp") mlp = time;
    if (name.rfind("vision all-reduce over ", 0) == 0) sums = time;
  }
  EXPECT_GT(attention, Seconds{});
  EXPECT_GT(mlp, Seconds{});
  EXPECT_GT(sums, Seconds{});
}

TEST(IterationCost, ASlowGpuHoldsTheOthersUp) {
  Case one(draws[1]);
  const model::Batch batch{.decode_sequences = 8, .decode_tokens = 8, .decode_context = 8000, .sampled = 8};
  const Seconds whole = one.cost->time(batch);
  one.topology.slow_gpus = {{one.topology.fabric.gpu(3), 0.5}};
  const IterationCost slow(one.job.model, one.job.pools[0].engine, one.platform, one.topology, one.cost->gpus());
  EXPECT_GT(slow.time(batch), whole * 1.4);
  EXPECT_LT(slow.time(batch), whole * 2);
}

}  // namespace
}  // namespace aifsim::serving
