// Rows of a collectives table as platforms and requests.
#include "study/collective_row.hpp"

#include <gtest/gtest.h>

#include "study/validate.hpp"

namespace aifsim::study {
namespace {

CollectiveReading read(const std::string& gpu, const std::string& shape, const std::string& network,
                       const std::string& rest) {
  const Table table = Table::parse(
      "id,group,platform,gpu,num_gpus,gpus_per_node,nvlink_domain_gpus,scale_out,collective,dtype,message_bytes,"
      "library,"
      "algo,time_us,quality_note\n"
      "r,g,p," +
          gpu + "," + shape + ",\"" + network + "\"," + rest + "\n",
      "table.csv");
  return read_collective_row(table.row(0));
}

double us(const CollectiveReading& reading) { return simulate_collective(*reading.scenario, "r").in(units::us); }

TEST(CollectiveRow, one_node_needs_no_network) {
  const CollectiveReading reading =
      read("H100-SXM5-80GB", "8,8,8", "single node", "all_reduce,float,1048576,NCCL,default,1,");
  ASSERT_TRUE(reading.scenario) << reading.reason;
  EXPECT_EQ(reading.scenario->ranks_per_domain, 8);
  EXPECT_EQ(reading.scenario->nic, BytesPerSecond{});
  EXPECT_GT(us(reading), 10);
}

TEST(CollectiveRow, the_network_is_read_from_its_words) {
  const std::string rest = "all_reduce,float,1073741824,NCCL,default,1,";
  const auto rate = [&](const std::string& network) {
    return read("H100-SXM5-80GB", "16,8,8", network, rest).scenario->nic.in(units::GB_per_s);
  };
  EXPECT_DOUBLE_EQ(rate("EFA 32x100G per node (3200 Gb/s)"), 50);
  EXPECT_DOUBLE_EQ(rate("EFA 4x100G per node (400 Gb/s)"), 6.25);
  EXPECT_DOUBLE_EQ(rate("InfiniBand NDR 400G/GPU"), 50);
  EXPECT_DOUBLE_EQ(rate("2 racks, 8x ConnectX-7 NDR 400G per node"), 50);
  EXPECT_DOUBLE_EQ(rate("InfiniBand"), 0);
  // A slower network is slower, and EFA starts later than InfiniBand.
  EXPECT_GT(us(read("H100-SXM5-80GB", "16,8,8", "EFA 4x100G per node", rest)),
            2 * us(read("H100-SXM5-80GB", "16,8,8", "EFA 32x100G per node", rest)));
  const std::string small = "all_reduce,float,8,NCCL,default,1,";
  EXPECT_GT(us(read("H100-SXM5-80GB", "16,8,8", "EFA 32x100G per node", small)),
            us(read("H100-SXM5-80GB", "16,8,8", "InfiniBand 8x400G per node", small)));
}

TEST(CollectiveRow, racks_are_filled_and_parts_of_nodes_used) {
  const std::string rest = "all_reduce,float,1073741824,NCCL,default,1,";
  EXPECT_EQ(read("GB200", "144,4,72", "InfiniBand 4x400G", rest).scenario->ranks_per_domain, 72);
  EXPECT_EQ(read("GH200-120GB", "2,1,4", "HPE Slingshot-11 200G per GPU", rest).scenario->ranks_per_domain, 1);
}

TEST(CollectiveRow, expert_rows_state_tokens) {
  const CollectiveReading reading =
      read("H800", "16,8,8", "CX-7 InfiniBand 400G per GPU",
           "moe_combine,bf16,,DeepEP V1,x,1,\"128 tokens per rank, hidden 7168, top-8 experts\"");
  ASSERT_TRUE(reading.scenario) << reading.reason;
  EXPECT_DOUBLE_EQ(reading.scenario->bytes.in(units::B), 128.0 * 8 * 7168 * 2);
  EXPECT_EQ(reading.scenario->algorithm, "expert");
}

TEST(CollectiveRow, what_is_missing_is_named) {
  const std::string rest = ",float,8,NCCL,default,1,";
  EXPECT_EQ(read("H100", "8,8,8", "", "gossip" + rest).reason, "no operation gossip");
  EXPECT_EQ(read("TPU", "8,8,8", "", "all_reduce" + rest).reason, "no node type for GPU TPU");
  EXPECT_EQ(read("H100", ",8,8", "", "all_reduce" + rest).reason, "the row does not state num_gpus");
  EXPECT_EQ(read("H100", "8,8,8", "", "all_reduce,float,,NCCL,default,1,").reason,
            "the row does not state message_bytes");
}

TEST(CollectiveValidation, published_rows_are_met) {
  const Validation all =
      validate({.tables = {AIFSIM_SOURCE_DIR "/tests/validation/collectives.csv"}, .where = {"reproducible=yes"}});
  const MetricSummary& summary = all.summary.at("time_us");
  EXPECT_GT(summary.scored, 90);
  EXPECT_EQ(summary.unsupported + summary.infeasible, 0);
  EXPECT_LT(summary.median_abs_error, 0.06);
  EXPECT_LT(summary.p90_abs_error, 0.25);
}

}  // namespace
}  // namespace aifsim::study
