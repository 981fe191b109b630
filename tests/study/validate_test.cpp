// Validation of tables: statuses, filters, summaries; nothing depends on the number of processes.
#include "study/validate.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"

namespace aifsim::study {
namespace {

const std::string header =
    "id,group,model,params_B,active_params_B,layers,hidden,ffn_hidden,heads,kv_heads,vocab,moe_experts,moe_topk,moe_"
    "ffn,"
    "attention,gpu,platform,gpus_per_node,nvlink_domain_gpus,num_gpus,tp,pp,cp,ep,dp,vp,fsdp,micro_batch,global_batch,"
    "seq_len,precision,task,recompute,framework,measured_step_time_s,tokens_per_s_per_gpu,tflops_per_gpu,mfu_pct,"
    "reproducible,quality_note,source\n";

// Made-up rows: the figures are no measurements.
struct Row {
  std::string id;
  std::string model = "LLAMA3_8B";
  std::string experts = "";
  std::string gpu = "H100-SXM5-80GB";
  std::string micro_batch = "1";
  std::string task = "pretrain";
  std::string step_time = "";
  std::string tokens = "10000";
  std::string tflops = "";

  [[nodiscard]] std::string text() const {
    return id + ",test," + model + ",8,8,32,4096,14336,32,8,128256," + experts + ",,,GQA," + gpu +
           ",DGX-H100,8,8,8,1,1,1,1,8,1,," + micro_batch + ",128,8192,BF16," + task + ",auto,Megatron-LM," + step_time +
           "," + tokens + "," + tflops + ",,yes,\"a, note\",nowhere\n";
  }
};

class Validate : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder_);
    const std::filesystem::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  std::string table(const std::vector<Row>& rows) {
    std::string text = header;
    for (const Row& row : rows) text += row.text();
    return file("training.csv", text);
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("aifsim-validate-" + std::to_string(::getpid()));
};

const std::vector<Row> rows{
    {.id = "a"},
    {.id = "moe", .experts = "8"},
    {.id = "b", .step_time = "1.5", .tokens = ""},
    {.id = "tuned", .task = "LoRA"},
    {.id = "c", .tokens = "", .tflops = "400"},
    {.id = "full", .micro_batch = "16"},
    {.id = "exotic", .gpu = "TPU v5p"},
    {.id = "silent", .tokens = ""},
};

TEST_F(Validate, every_published_figure_gets_an_entry_and_a_status) {
  const Validation validation = validate({.tables = {table(rows)}, .jobs = 2});
  std::vector<std::string> ids;
  std::map<std::string, const RowResult*> by_id;
  for (const RowResult& row : validation.rows) {
    ids.push_back(row.id);
    by_id[row.id] = &row;
  }
  EXPECT_EQ(ids,
            (std::vector<std::string>{"a", "moe", "b", "tuned", "c", "full", "exotic"}));  // "silent" publishes none
  for (const auto& [id, metric] :
       {std::pair{"a", "tokens_per_s_per_gpu"}, {"b", "step_time_s"}, {"c", "tflops_per_gpu"}}) {
    const RowResult& row = *by_id[id];
    EXPECT_EQ(row.metric, metric);
    EXPECT_EQ(row.status, RowStatus::ok) << row.reason;
    EXPECT_GT(row.simulated, 0);
    EXPECT_DOUBLE_EQ(row.error, row.simulated / row.measured - 1);
  }
  EXPECT_EQ(by_id["b"]->measured, 1.5);
  for (const char* id : {"moe", "tuned", "exotic"}) {
    EXPECT_EQ(by_id[id]->status, RowStatus::unsupported) << id;
    EXPECT_FALSE(by_id[id]->reason.empty());
    EXPECT_EQ(by_id[id]->simulated, 0);
  }
  EXPECT_EQ(by_id["exotic"]->reason, "no node type for GPU TPU v5p");
  EXPECT_EQ(validation.summary.at("tokens_per_s_per_gpu").unsupported, 3);
  EXPECT_EQ(validation.summary.at("step_time_s").scored, 1);
}

TEST_F(Validate, one_configuration_has_one_speed_whichever_metric_is_published) {
  const Validation validation = validate({.tables = {table({rows[0], rows[2]})}});
  ASSERT_EQ(validation.rows.size(), 2U);
  // 128 sequences of 8,192 tokens on 8 GPUs.
  EXPECT_NEAR(validation.rows[0].simulated * validation.rows[1].simulated, 128.0 * 8192 / 8, 1e-6 * 131072);
}

TEST_F(Validate, a_row_that_cannot_run_is_infeasible_and_says_why) {
  // 128 sequences do not divide into micro-batches of 3 on 8 GPUs.
  Row odd{.id = "odd", .micro_batch = "3"};
  const Validation validation = validate({.tables = {table({odd})}});
  ASSERT_EQ(validation.rows.size(), 1U);
  EXPECT_EQ(validation.rows[0].status, RowStatus::infeasible);
  EXPECT_NE(validation.rows[0].reason.find("expected a multiple of dp x micro_batch (8 x 3 = 24), got 128"),
            std::string::npos)
      << validation.rows[0].reason;
}

std::string written(const Validation& validation, ValidateFormat format) {
  std::ostringstream out;
  write(validation, format, out);
  return out.str();
}

TEST_F(Validate, says_the_same_with_any_number_of_processes) {
  const std::string path = table(rows);
  const Validation one = validate({.tables = {path}, .jobs = 1});
  const Validation three = validate({.tables = {path}, .jobs = 3});
  for (const ValidateFormat format : {ValidateFormat::json, ValidateFormat::csv, ValidateFormat::text}) {
    EXPECT_EQ(written(one, format), written(three, format));
  }
  const auto document = nlohmann::json::parse(written(one, ValidateFormat::json));
  EXPECT_EQ(document["schema"], "aifsim.validate/1");
  EXPECT_EQ(document["rows"].size(), 7U);
  EXPECT_TRUE(document["rows"][1]["simulated"].is_null());
  EXPECT_EQ(document["rows"][1]["status"], "unsupported");
  EXPECT_EQ(document["summary"]["step_time_s"]["scored"], 1);
}

TEST_F(Validate, where_takes_the_rows_that_match_all_globs) {
  const std::string path = table(rows);
  const auto count = [&](std::vector<std::string> where) {
    return validate({.tables = {path}, .where = std::move(where)}).rows.size();
  };
  EXPECT_EQ(count({"task=LoRA"}), 1U);
  EXPECT_EQ(count({"gpu=H100*", "moe_experts=?*"}), 1U);
  EXPECT_EQ(count({"id=[abc]", "gpu=TPU*"}), 0U);
}

std::string refusal(const ValidateOptions& options) {
  try {
    (void)validate(options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST_F(Validate, refuses_what_it_cannot_read) {
  const std::string path = table(rows);
  EXPECT_EQ(refusal({.tables = {path}, .where = {"taks=LoRA"}}),
            path + ":1:1: taks: expected a column of the table, got no such column (did you mean \"task\"?)");
  EXPECT_EQ(refusal({.tables = {path}, .where = {"LoRA"}}), "--where: expected column=glob, got \"LoRA\"");
  const std::string other = file("other.csv", "a,b\n1,2\n");
  EXPECT_EQ(refusal({.tables = {other}}),
            other +
                ":1:1: expected the header of a training, collectives, inference or mlperf table (see README, "
                "Validation), got other columns");
  const std::string cut = file("cut.csv", header + "a,test,LLAMA3_8B\n");
  EXPECT_EQ(refusal({.tables = {cut}}),
            cut + ":2:1: expected 41 fields, as in the header, got 3 (is the table truncated?)");
  EXPECT_EQ(refusal({.tables = {table({{.id = "x", .tokens = "fast"}})}}),
            path + ":2:1: tokens_per_s_per_gpu: expected a number, got \"fast\"");
}

RowResult scored(double error) { return {.metric = "m", .error = error, .status = RowStatus::ok}; }

TEST(Summary, has_the_median_the_ninetieth_percentile_and_the_mean_of_signed_errors) {
  std::vector<RowResult> results{scored(-0.1), scored(0.2), scored(0.3), scored(-0.4), scored(0.5)};
  results.push_back({.metric = "m", .status = RowStatus::unsupported});
  results.push_back({.metric = "m", .status = RowStatus::infeasible});
  results.push_back({.metric = "n", .status = RowStatus::infeasible});
  const auto summary = summarise(results);
  const MetricSummary& m = summary.at("m");
  EXPECT_EQ(m.scored, 5);
  EXPECT_EQ(m.unsupported, 1);
  EXPECT_EQ(m.infeasible, 1);
  EXPECT_DOUBLE_EQ(m.median_abs_error, 0.3);
  EXPECT_DOUBLE_EQ(m.p90_abs_error, 0.46);  // between the two largest of 0.1 … 0.5
  EXPECT_DOUBLE_EQ(m.bias, 0.1);
  EXPECT_EQ(summary.at("n").infeasible, 1);
  EXPECT_EQ(summary.at("n").median_abs_error, 0);
  EXPECT_TRUE(summarise({}).empty());
}

}  // namespace
}  // namespace aifsim::study
