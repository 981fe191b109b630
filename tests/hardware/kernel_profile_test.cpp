#include <gtest/gtest.h>

#include "config/node.hpp"
#include "hardware/gpu_spec_reader.hpp"
#include "hardware/platform.hpp"

namespace aifsim::hardware {
namespace {

KernelProfile h100_with(const std::vector<config::Override>& changes) {
  const config::Document document = config::Document::load(catalog_directory() + "/kernels/h100-sxm.yaml", changes);
  KernelProfile profile = read_kernel_profile(document.root());
  document.check();
  return profile;
}

const std::vector<config::Override> old_library{
    {"libraries",
     "{old: {gemm: {bf16: 0.5}, attention_forward: 0.6, attention_backward: 0.3, memory: 0.9, source: a guess}}"}};

TEST(KernelProfile, MeasuredLibraryIsTheDefault) {
  const KernelProfile profile = h100_with({});
  const std::optional<KernelProfile> same = with_library(profile, "trtllm-1.3.0rc20");
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->gemm.at(Precision::bf16).peak_fraction, profile.gemm.at(Precision::bf16).peak_fraction);
  EXPECT_FALSE(with_library(profile, "cublas-1").has_value());
}

TEST(KernelProfile, VariantScalesTheRatesItNames) {
  const KernelProfile measured = h100_with(old_library);
  EXPECT_EQ(library_names(measured), (std::vector<std::string>{"trtllm-1.3.0rc20", "old"}));
  const KernelProfile old = with_library(measured, "old").value();
  EXPECT_EQ(old.library, "old");
  EXPECT_NE(old.source.find("a guess"), std::string::npos);
  EXPECT_DOUBLE_EQ(old.gemm.at(Precision::bf16).peak_fraction, 0.5 * measured.gemm.at(Precision::bf16).peak_fraction);
  EXPECT_DOUBLE_EQ(old.gemm.at(Precision::fp8).peak_fraction, measured.gemm.at(Precision::fp8).peak_fraction);
  const AttentionProfile& before = measured.attention.at(Precision::bf16);
  const AttentionProfile& after = old.attention.at(Precision::bf16);
  EXPECT_DOUBLE_EQ(after.peak_fraction, 0.6 * before.peak_fraction);
  EXPECT_DOUBLE_EQ(after.peak_fraction * after.backward_ratio, 0.3 * before.peak_fraction * before.backward_ratio);
  EXPECT_DOUBLE_EQ(old.memory.bandwidth_fraction, 0.9 * measured.memory.bandwidth_fraction);
}

TEST(KernelProfile, NoVariantPassesThePeak) {
  const KernelProfile fast =
      with_library(h100_with({{"libraries", "{fast: {gemm: {bf16: 2}, memory: 2, source: a dream}}"}}), "fast").value();
  EXPECT_EQ(fast.gemm.at(Precision::bf16).peak_fraction, 1);
  EXPECT_EQ(fast.memory.bandwidth_fraction, 1);
}

TEST(KernelProfile, VariantWithoutSourceOrWithUnknownKeyIsAMistake) {
  EXPECT_THROW(h100_with({{"libraries", "{x: {memory: 0.9}}"}}), ConfigError);
  EXPECT_THROW(h100_with({{"libraries", "{x: {gemms: 1, source: s}}"}}), ConfigError);
  EXPECT_THROW(h100_with({{"libraries", "{x: {gemm: {bf17: 1}, source: s}}"}}), ConfigError);
  EXPECT_THROW(h100_with({{"like.mxfp4", "nvfp4"}}), ConfigError);
  EXPECT_THROW(h100_with({{"gemm.bf16.peak_fraction", "1.2"}}), ConfigError);
}

TEST(KernelProfile, SustainedLoadCostsTheWholeLoss) {
  const KernelProfile measured = h100_with({});
  const KernelProfile hot = under_sustained_load(measured);
  const GemmProfile& cold = measured.gemm.at(Precision::bf16);
  EXPECT_DOUBLE_EQ(hot.gemm.at(Precision::bf16).peak_fraction, cold.peak_fraction / (1 + 1.5 * cold.sustained_loss));
  EXPECT_EQ(hot.gemm.at(Precision::bf16).sustained_loss, 0);
}

}  // namespace
}  // namespace aifsim::hardware
