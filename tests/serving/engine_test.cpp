// The `engine:` map, the engines that ship, and the memory they leave for the cache.
#include "serving/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/iteration_cost.hpp"

namespace aifsim::serving {
namespace {

using testing::HasSubstr;

EngineOptions engine_of(const std::string& yaml, const std::string& model_name = "llama3-70b") {
  const config::Document document = config::Document::parse("model: " + model_name + "\nengine: " + yaml, "serve.yaml");
  const model::ModelSpec model = model::read_model(document.root().required("model"));
  EngineOptions options = read_engine(document.root().required("engine"), model, nullptr);
  document.root().finish();
  document.check();
  return options;
}

std::string mistake_of(const std::string& yaml, const std::string& model_name = "llama3-70b") {
  try {
    (void)engine_of(yaml, model_name);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no mistake";
}

model::ModelSpec model_of(const std::string& name) {
  const config::Document document = config::Document::parse("model: " + name, "model.yaml");
  return model::read_model(document.root().required("model"));
}

hardware::GpuSpec gpu_of_memory(Bytes memory) {
  hardware::GpuSpec gpu;
  gpu.name = "toy";
  gpu.memory = memory;
  return gpu;
}

TEST(Engine, AllThatShipAreRead) {
  std::vector<std::string> names;
  for (const EngineEntry& entry : list_engines()) {
    names.push_back(entry.name);
    EXPECT_FALSE(entry.summary.empty());
    EXPECT_EQ(engine_of("{software: " + entry.name + ", tp: 8}").plan.tp, 8);
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"sglang", "tensorrt-llm", "vllm"}));
}

TEST(Engine, DefaultsAreTheEnginesOwn) {
  const EngineOptions vllm = engine_of("{software: vllm}"), trt = engine_of("{software: tensorrt-llm}"),
                      sglang = engine_of("{software: sglang}");
  EXPECT_EQ(vllm.admission, Admission::optimistic);
  EXPECT_EQ(vllm.block_tokens, 16);
  EXPECT_EQ(trt.admission, Admission::no_evict);
  EXPECT_TRUE(trt.memory_of_free);
  EXPECT_FALSE(trt.chunked_prefill);
  EXPECT_EQ(sglang.batching, Batching::prefill_first);
  EXPECT_FALSE(sglang.activations_in_fraction);
}

TEST(Engine, TheUsersKeysWin) {
  const EngineOptions options = engine_of(
      "{software: vllm, tp: 4, precision: {weights: fp8, kv_cache: fp8}, max_sequences: 128, max_batched_tokens: 2048, "
      "batching: prefill-first, speculation: {tokens: 2, acceptance: 0.7}, max_model_tokens: 4096}");
  EXPECT_EQ(options.max_sequences, 128);
  EXPECT_EQ(options.batching, Batching::prefill_first);
  EXPECT_EQ(options.plan.ffn_weights, Precision::fp8);
  EXPECT_EQ(options.plan.kv_cache, Precision::fp8);
  EXPECT_EQ(options.speculative_tokens, 2);
  EXPECT_TRUE(options.must_hold_longest);
}

TEST(Engine, Fp8IsThatOfTheModelsCheckpoints) {
  const model::InferencePlan blocks = engine_of("{software: vllm, precision: fp8}", "qwen3-32b").plan;
  EXPECT_TRUE(model::scaled_in_blocks(blocks.ffn_weights, blocks.activations));
  EXPECT_EQ(blocks.expert_weights, Precision::mxfp8);
  const model::InferencePlan plain = engine_of("{software: vllm, precision: fp8}").plan;
  EXPECT_EQ(plain.ffn_weights, Precision::fp8);
  const model::InferencePlan told = engine_of("{software: vllm, precision: {weights: fp8}}", "qwen3-32b").plan;
  EXPECT_EQ(told.ffn_weights, Precision::fp8);
}

TEST(Engine, ADefaultNumberOfSequencesGivesWayToASmallBudget) {
  EXPECT_EQ(engine_of("{software: vllm, max_batched_tokens: 500}").max_sequences, 500);
}

TEST(Engine, MistakesAreNamed) {
  EXPECT_THAT(mistake_of("{software: vlm}"), HasSubstr("did you mean \"vllm\"?"));
  EXPECT_THAT(mistake_of("{software: vllm, max_sequence: 3}"), HasSubstr("max_sequences"));
  EXPECT_THAT(mistake_of("{software: vllm, tp: 7}"), HasSubstr("engine.tp"));
  EXPECT_THAT(mistake_of("{software: vllm, ep: 4}"), HasSubstr("has no experts"));
  EXPECT_THAT(mistake_of("{software: vllm, admission: optimist}"), HasSubstr("optimistic"));
  EXPECT_THAT(mistake_of("{software: vllm, max_sequences: 100, max_batched_tokens: 64}"), HasSubstr("decode at once"));
  EXPECT_THAT(mistake_of("{tp: 2}"), HasSubstr("engine.software"));
}

TEST(EngineMemory, ClassesAddUpToTheGpu) {
  for (const std::string software : {"vllm", "tensorrt-llm", "sglang"}) {
    const EngineOptions options = engine_of("{software: " + software + ", tp: 4}");
    const EngineMemory use = engine_memory(model_of("llama3-70b"), options, gpu_of_memory(units::GB * 80.0));
    const Bytes sum = use.weights + use.activations + use.context + use.graphs + use.reserve + use.cache;
    EXPECT_NEAR(sum.in(units::GB), 80, 1e-6) << software;
    EXPECT_GE(use.reserve, units::MB * -1.0) << software;
    // 2 x 8 KV heads x 128 x 80 layers x 2 bytes, a quarter on each GPU.
    EXPECT_DOUBLE_EQ(use.block_bytes.in(units::B), 327680.0 / 4 * options.block_tokens) << software;
    EXPECT_EQ(use.cache_blocks, static_cast<int>(use.cache / use.block_bytes)) << software;
  }
}

TEST(EngineMemory, AdapterSlotsAreTakenBeforeTheCache) {
  const EngineOptions plain = engine_of("{software: vllm}", "llama3-8b");
  const EngineOptions lora = engine_of("{software: vllm, lora: {max_loras: 10, max_lora_rank: 16}}", "llama3-8b");
  const hardware::GpuSpec gpu = gpu_of_memory(units::GB * 80.0);
  const EngineMemory without = engine_memory(model_of("llama3-8b"), plain, gpu);
  const EngineMemory with = engine_memory(model_of("llama3-8b"), lora, gpu);
  EXPECT_DOUBLE_EQ(with.adapters.in(units::B), 10 * 41943040.0 * 2);
  EXPECT_EQ(without.adapters, Bytes{});
  EXPECT_NEAR((without.cache - with.cache) / with.adapters, 1, 1e-9);
  EXPECT_EQ(lora.adapters.host, 10);  // as many as in HBM, where nothing is said
  EXPECT_TRUE(engine_of("{software: vllm, lora: {max_loras: 4, max_cpu_loras: all}}").adapters.all_in_host);
  EXPECT_FALSE(engine_of("{software: vllm, lora: {max_loras: 4, targets: attention}}").plan.adapter.ffn);
}

TEST(EngineMemory, AModelTooLargeSaysWhatToChange) {
  const EngineOptions options = engine_of("{software: vllm, tp: 1}");
  try {
    (void)engine_memory(model_of("llama3-70b"), options, gpu_of_memory(units::GB * 80.0));
    FAIL() << "140 GB of weights do not fit";
  } catch (const OutOfMemoryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("weights take 141"));
    EXPECT_THAT(error.what(), HasSubstr("would fit with tp: 4"));
  }
}

TEST(EngineMemory, ALengthAskedForMustFit) {
  const EngineOptions asked = engine_of("{software: vllm, tp: 2, max_model_tokens: 8192}");
  // Room for 4096 tokens in nine tenths of the GPU.
  const EngineMemory ample = engine_memory(model_of("llama3-70b"), asked, gpu_of_memory(units::GB * 100.0));
  const Bytes tight = (ample.weights + ample.activations + ample.context + ample.block_bytes * 256) / 0.9;
  try {
    (void)engine_memory(model_of("llama3-70b"), asked, gpu_of_memory(tight));
    FAIL() << "8192 tokens do not fit";
  } catch (const OutOfMemoryError& error) {
    EXPECT_THAT(error.what(), HasSubstr("max_model_tokens: 4096"));
    EXPECT_THAT(error.what(), HasSubstr("memory_fraction: 0.95"));
  }
}

}  // namespace
}  // namespace aifsim::serving
