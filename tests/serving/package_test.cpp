// Packages: the right profile for a GPU; start-up by phase.
#include "serving/package.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "serving/service_case.hpp"

namespace aifsim::test {
namespace {

serving::ServingJob job_of(const std::string& package, const std::string& node, int count) {
  const config::Document platform_document = config::Document::parse(
      "nodes: {type: " + node + ", count: " + std::to_string(count) + "}\nscale_out: {topology: fat-tree}\n", "p.yaml");
  const hardware::Platform platform = hardware::read_platform(platform_document);
  platform_document.check();
  const config::Document document = config::Document::parse(
      "kind: serving\npackage: " + package + "\nrequests: {arrivals: all-at-once, count: 1, input: 10, output: 10}\n",
      "w.yaml");
  serving::ServingJob job = serving::read_serving_job(document, &platform);
  document.check();
  const topology::Topology topology = topology::build(platform);
  const serving::Deployment deployment(job, platform, topology);  // it fits
  return job;
}

TEST(Package, picks_a_profile_by_gpu) {
  const serving::ServingJob h100 = job_of("llama3-70b", "dgx-h100", 2);
  EXPECT_EQ(h100.pools[0].engine.plan.tp, 4);
  EXPECT_EQ(h100.pools[0].engine.plan.ffn_weights, Precision::fp8);
  EXPECT_EQ(h100.package, "Llama 3.3 70B Instruct NIM (h100-sxm fp8 tp4 throughput)");
  EXPECT_EQ(job_of("llama3-70b", "dgx-b200", 1).pools[0].engine.plan.ffn_weights, Precision::nvfp4);
  EXPECT_EQ(job_of("llama3-70b", "gh200-node", 2).pools[0].engine.plan.tp, 2);
}

TEST(Package, grants_wishes) {
  EXPECT_EQ(job_of("{name: llama3-70b, for: latency}", "dgx-h100", 2).pools[0].engine.plan.tp, 8);
  EXPECT_EQ(job_of("{name: llama3-70b, precision: bf16}", "dgx-h100", 2).pools[0].engine.plan.ffn_weights,
            Precision::bf16);
  EXPECT_EQ(job_of("{name: llama3-8b, tp: 2}", "dgx-h200", 1).pools[0].engine.plan.tp, 2);
}

TEST(Package, every_package_has_an_engine_that_fits_on_every_gpu) {
  for (const serving::PackageEntry& entry : serving::list_packages()) {
    for (const auto& [node, count] :
         {std::pair{"dgx-h100", 2}, {"dgx-h200", 2}, {"dgx-b200", 2}, {"gb200-nvl72", 1}, {"hgx-rtx-pro-6000", 2}}) {
      EXPECT_NO_THROW((void)job_of(entry.name, node, count)) << entry.name << " on " << node;
    }
  }
}

TEST(Package, says_what_profiles_there_are) {
  try {
    (void)job_of("{name: gpt-oss-120b, precision: bf16}", "dgx-h100", 1);
    FAIL();
  } catch (const ConfigError& error) {
    const Problem& problem = error.problems().front();
    EXPECT_NE(problem.expected.find("h100-sxm mxfp4 tp1 throughput"), std::string::npos) << problem.expected;
    EXPECT_EQ(problem.got, "none of them for 8 x h100-sxm");
  }
}

TEST(StartUp, reads_weights_over_the_nodes_drives) {
  const serving::ServingJob job = job_of("llama3-70b", "dgx-h100", 2);
  const config::Document document = config::Document::parse("nodes: {type: dgx-h100, count: 1}\n", "p.yaml");
  const hardware::Platform platform = hardware::read_platform(document);
  const hardware::NodeSpec& node = *platform.groups.front().type;
  const auto phase = [&](const serving::StartUpPlan& plan, const std::string& name) {
    for (const serving::StartPhase& entry : serving::start_up(plan, job.model, job.pools[0].engine, node).phases) {
      if (entry.name == name) return entry.time;
    }
    return Seconds{};
  };
  serving::StartUpPlan plan = job.pools[0].start_up;
  // 12 GB image at 1 GB/s; 73 GB of weights from eight drives of 6.8 GB/s.
  EXPECT_DOUBLE_EQ(phase(plan, "image").in(units::s), 12);
  EXPECT_NEAR(phase(plan, "weights").in(units::s), 72.7e9 / (8 * 6.8e9), 0.1);
  plan.storage = units::GB / units::s * 1.0;
  EXPECT_NEAR(phase(plan, "weights").in(units::s), 72.7, 0.1);  // embedding and head are BF16
  plan.storage = units::GB / units::s * 10000.0;                // then over PCIe, each GPU its own part
  EXPECT_NEAR(phase(plan, "weights").in(units::s), 72.7 / 4 / 63, 0.02);
  Seconds sum;
  for (const serving::StartPhase& entry : serving::start_up(plan, job.model, job.pools[0].engine, node).phases)
    sum += entry.time;
  EXPECT_EQ(sum, serving::start_up(plan, job.model, job.pools[0].engine, node).total());
}

}  // namespace
}  // namespace aifsim::test
