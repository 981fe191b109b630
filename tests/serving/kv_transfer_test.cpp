// KV transfers at the rates that were measured, or that the user states.
#include "serving/kv_transfer.hpp"

#include <gtest/gtest.h>

#include "serving/service_case.hpp"

namespace aifsim::serving {
namespace {

using test::serve;
using test::small_workload;

// A prompt of 4,000 tokens, one at a time: 64 KiB of FP8 cache a token.
Seconds transfer_time(const std::string& more, const std::string& platform = test::two_dgx) {
  const auto outcome = serve(small_workload("prefill: {}\ndecode: {}\n" + more,
                                            "arrivals: uniform, rate: 1, count: 4, input: 4000, output: 10"),
                             platform);
  return outcome->done.at(2).transfer;
}
constexpr double cache_bytes = 4000 * 65536.0;

TEST(KvTransfer, OverNvlinkTakesWhatNcclWasMeasuredToTake) {
  // platforms/catalog/libraries/nccl.yaml, hopper, direct, Simple.
  EXPECT_NEAR(transfer_time("").in(units::s), cache_bytes / (0.71 * 450e9) + 22.3e-6, 2e-6);
}

TEST(KvTransfer, BetweenNodesIsBoundByTheNic) {
  // Eight engines fill a node, so that prefill and decode lie on different ones.
  const std::string apart = "prefill: {replicas: 8}\ndecode: {replicas: 8}\n";
  const auto outcome = serve("kind: serving\nmodel: llama3-8b\n" + test::small_engine + apart +
                                 "requests: {arrivals: uniform, rate: 1, count: 4, input: 4000, output: 10}\n",
                             test::two_dgx);
  const double seconds = outcome->done.at(2).transfer.in(units::s);
  EXPECT_NEAR(seconds, cache_bytes / (0.95 * 50e9), 0.03 * seconds);
}

TEST(KvTransfer, TheUsersRateWins) {
  const Seconds whole = transfer_time("transfer: {efficiency: 1, setup: 0 s}\n");
  const Seconds half = transfer_time("transfer: {efficiency: 0.5, setup: 1 ms}\n");
  EXPECT_NEAR(half.in(units::s), 2 * whole.in(units::s) + 1e-3, 2e-6);
  EXPECT_LT(whole, transfer_time(""));
}

}  // namespace
}  // namespace aifsim::serving
