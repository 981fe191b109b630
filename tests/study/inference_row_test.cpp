// Rows of an inference table as platforms and serving workloads.
#include "study/inference_row.hpp"

#include <gtest/gtest.h>

#include "serving/job.hpp"
#include "study/scoring.hpp"

namespace aifsim::study {
namespace {

const std::string header =
    "id,group,model,gpu,platform,mode,num_gpus,tp,pp,ep,attention_dp,moe_tp,precision,kv_precision,engine,isl,osl,"
    "range_"
    "ratio,concurrency,max_batch,num_requests,load_model,prefill_workers,prefill_tp,prefill_ep,prefill_dp,decode_"
    "workers,"
    "decode_tp,decode_ep,decode_dp,output_tokens_per_s,ttft_ms,tpot_ms,reproducible,quality_note,source\n";

// Made-up rows: the figures are no measurements.
struct Row {
  std::string group = "infx|x", model = "meta-llama/Llama-3.1-8B-Instruct", gpu = "H100-SXM5-80GB", platform = "p";
  std::string mode = "agg", gpus = "1", tp = "1", ep = "1", dp = "", precision = "fp8", engine = "vllm 0.12.0";
  std::string lengths = "256,16,", concurrency = "4", load = "\"closed loop, fixed concurrency\"", workers = ",,,,,,,";
  std::string note = "";

  [[nodiscard]] Table table() const {
    return Table::parse(header + "r," + group + ',' + model + ',' + gpu + ',' + platform + ',' + mode + ',' + gpus +
                            ',' + tp + ",1," + ep + ',' + dp + ",," + precision + ",," + engine + ',' + lengths + ',' +
                            concurrency + ",,," + load + ',' + workers + ",100,10,5,yes,\"" + note + "\",nowhere\n",
                        "table.csv");
  }
};

// The job that a row's files describe, checked.
struct Reading {
  hardware::Platform platform;
  serving::ServingJob job;
  explicit Reading(const Row& made) {
    const Table table = made.table();
    const RowReading reading = read_inference_row(table.row(0));
    if (!reading.scenario) throw std::runtime_error(reading.reason);
    const config::Document platform_file = config::Document::parse(reading.scenario->platform, "platform");
    platform = hardware::read_platform(platform_file);
    platform_file.check();
    const config::Document workload = config::Document::parse(reading.scenario->workload, "workload");
    job = serving::read_serving_job(workload, &platform);
    workload.check();
  }
  [[nodiscard]] const serving::EngineOptions& engine() const { return job.pools.front().engine; }
};

TEST(InferenceRow, names_of_models_are_found_however_they_are_written) {
  EXPECT_EQ(model_file_of("LLaMA v3.3 70B"), "llama3.3-70b");
  EXPECT_EQ(model_file_of("meta-llama/Llama-3.1-8B-Instruct"), "llama3.1-8b");
  EXPECT_EQ(model_file_of("Qwen/Qwen3-235B-A22B-FP8"), "qwen3-235b-a22b");
  EXPECT_EQ(model_file_of("Qwen3 30B A3B"), "qwen3-30b-a3b");
  EXPECT_EQ(model_file_of("nvidia/DeepSeek-V3.1-NVFP4"), "deepseek-v3.1");
  EXPECT_EQ(model_file_of("DeepSeek R1 0528"), "deepseek-r1");
  EXPECT_EQ(model_file_of("GPT-OSS 120B"), "gpt-oss-120b");
  EXPECT_EQ(model_file_of("Nemotron 3 Super"), "nemotron3-super-120b-a12b");
  EXPECT_EQ(model_file_of("no such model"), "");
}

TEST(InferenceRow, a_dense_row_becomes_one_engine) {
  const Reading reading({.gpus = "4", .tp = "4", .engine = "trtllm 1.0.0rc3"});
  EXPECT_EQ(reading.engine().plan.tp, 4);
  EXPECT_EQ(reading.engine().plan.ffn_weights, Precision::fp8);
  EXPECT_EQ(reading.engine().plan.kv_cache, Precision::fp8) << "TensorRT-LLM's default beside FP8 weights";
  EXPECT_EQ(reading.job.pools.size(), 1U);
  EXPECT_EQ(reading.platform.gpu_count(), 8);
}

TEST(InferenceRow, attention_data_parallelism_is_read_both_ways) {
  const Row base{.model = "deepseek-ai/DeepSeek-R1", .gpu = "B200-SXM", .gpus = "8", .ep = "8", .precision = "fp4"};
  for (const char* tp : {"1", "8"}) {  // by the product of both columns, or as TensorRT-LLM's options say it
    Row row = base;
    row.tp = tp;
    row.dp = "8";
    const Reading reading(row);
    EXPECT_EQ(reading.engine().plan.tp, 1);
    EXPECT_EQ(reading.engine().plan.dp, 8);
    EXPECT_EQ(reading.engine().plan.ep, 8);
  }
}

TEST(InferenceRow, disaggregated_rows_become_two_pools) {
  const Reading reading({.model = "deepseek-ai/DeepSeek-V3",
                         .gpu = "GB200",
                         .mode = "disagg",
                         .gpus = "12",
                         .tp = "",
                         .precision = "fp4",
                         .workers = "1,1,4,4,2,4,4,1"});
  ASSERT_TRUE(reading.job.disaggregated());
  EXPECT_EQ(reading.job.pools[0].engine.plan.dp, 4);
  EXPECT_EQ(reading.job.pools[1].replicas, 2);
  EXPECT_EQ(reading.job.gpus(), 12);
}

TEST(InferenceRow, checkpoints_keep_parts_in_bf16) {
  const Reading mixture(
      {.model = "deepseek-ai/DeepSeek-R1", .gpu = "B200-SXM", .gpus = "8", .tp = "8", .precision = "fp4"});
  EXPECT_EQ(mixture.engine().plan.expert_weights, Precision::nvfp4);
  EXPECT_EQ(mixture.engine().plan.attention_weights, Precision::bf16);
  const Reading dense({.gpu = "B200-SXM", .precision = "fp4"});
  EXPECT_EQ(dense.engine().plan.attention_weights, Precision::nvfp4);
  const Reading open({.model = "openai/gpt-oss-120b", .gpus = "1", .precision = "fp4"});
  EXPECT_EQ(open.engine().plan.expert_weights, Precision::mxfp4);
  EXPECT_EQ(open.engine().plan.activations, Precision::bf16) << "Hopper has no arithmetic of four bits";
}

TEST(InferenceRow, fp8_in_blocks_is_computed_in_fp8) {
  const Reading blocks({.model = "deepseek-ai/DeepSeek-R1", .gpus = "8", .tp = "8"});
  EXPECT_EQ(blocks.engine().plan.attention_weights, Precision::mxfp8);
  EXPECT_EQ(model::arithmetic(blocks.engine().plan.attention_weights, blocks.engine().plan.activations),
            Precision::fp8);
  const Reading stated({.note = "gemm=fp8_block moe=fp8_block"}), plain({});
  EXPECT_EQ(stated.engine().plan.ffn_weights, Precision::mxfp8);
  EXPECT_EQ(plain.engine().plan.ffn_weights, Precision::fp8);
}

TEST(InferenceRow, nvidias_checkpoints_state_the_cache_of_vllm) {
  EXPECT_EQ(Reading({.model = "nvidia/Llama-3.1-8B-Instruct-FP8"}).engine().plan.kv_cache, Precision::fp8);
  EXPECT_EQ(Reading(Row{}).engine().plan.kv_cache, Precision::bf16);
}

TEST(InferenceRow, aiconfigurators_servers_take_about_one_prompt_an_iteration) {
  const auto started = [](const char* engine) {
    return Reading({.platform = "NVIDIA aic gap-analysis h100_sxm",
                    .engine = engine,
                    .lengths = "1024,128,",
                    .note = "source_file=aic-auto-gap-analysis/data"})
        .engine();
  };
  EXPECT_EQ(started("trtllm 1.0.0rc3").max_batched_tokens, 3040) << "512 + 1024 + 1500 in blocks of 32";
  EXPECT_EQ(started("sglang 0.5.6.post2").batching, serving::Batching::mixed);
  EXPECT_EQ(started("sglang 0.5.1.post1").batching, serving::Batching::prefill_first);
  EXPECT_EQ(started("vllm 0.12.0").max_batched_tokens, 8192);
}

TEST(InferenceRow, gap_analyses_repeat_inferencex) {
  const Table table = Row{.platform = "NVIDIA aic gap-analysis b200_sxm", .note = "source_file=kimi.csv"}.table();
  const std::string workload = read_inference_row(table.row(0)).scenario.value().workload;
  EXPECT_NE(workload.find("{max: 256, range_ratio: 0.8}"), std::string::npos) << workload;
}

TEST(InferenceRow, what_cannot_be_read_has_a_reason) {
  const auto reason = [](const Row& row) {
    const Table table = row.table();
    return read_inference_row(table.row(0)).reason;
  };
  EXPECT_EQ(reason({.model = "nobody/knows"}), "no model file for nobody/knows");
  EXPECT_EQ(reason({.engine = "llama.cpp"}), "no engine file for llama.cpp");
  EXPECT_EQ(reason({.gpu = "TPU v5"}), "no node type for GPU TPU v5");
  EXPECT_EQ(reason({.concurrency = ""}), "the row does not state its concurrency");
  EXPECT_EQ(reason({.mode = "disagg"}), "the row does not state its workers");
  EXPECT_EQ(reason({.load = "saturated"}), "load model saturated");
  EXPECT_EQ(reason({.lengths = "15000,500,", .concurrency = "416"}),
            "its prompts alone need more than the peak of its GPUs");
}

TEST(InferenceRow, a_row_is_scored_and_its_derived_throughput_is_not) {
  const Table table = Row{}.table();
  std::vector<RowResult> results = published(TableKind::inference, table.row(0));
  ASSERT_EQ(results.size(), 2U) << "infx rows derive their throughput";
  simulate_row(TableKind::inference, table.row(0), results);
  for (const RowResult& result : results) {
    EXPECT_EQ(result.status, RowStatus::ok) << result.reason;
    EXPECT_GT(result.simulated, 0) << result.metric;
  }
}

TEST(InferenceRow, a_model_that_does_not_fit_is_infeasible) {
  const Table table = Row{.model = "Llama 3.1 405B", .lengths = "16,16,"}.table();
  std::vector<RowResult> results = published(TableKind::inference, table.row(0));
  simulate_row(TableKind::inference, table.row(0), results);
  EXPECT_EQ(results.front().status, RowStatus::infeasible);
  EXPECT_NE(results.front().reason.find("weights"), std::string::npos) << results.front().reason;
}

}  // namespace
}  // namespace aifsim::study
