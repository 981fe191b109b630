#include "base/precision.hpp"

#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace aifsim {
namespace {

TEST(Precision, NamesReadBackInAnyCase) {
  for (const Precision precision : all_precisions) EXPECT_EQ(precision_named(name_of(precision)), precision);
  EXPECT_EQ(precision_named("NVFP4"), Precision::nvfp4);
  EXPECT_EQ(precision_named("Fp8"), Precision::fp8);
  EXPECT_EQ(precision_named("fp16"), std::nullopt);
  EXPECT_EQ(precision_named("fp8 "), std::nullopt);
  EXPECT_EQ(precision_named(""), std::nullopt);
}

// Block scales counted: NVFP4 one byte per 16 elements, the MX formats (OCP MX specification 1.0) one per 32.
TEST(Precision, BytesIncludeBlockScales) {
  EXPECT_EQ(bytes_per_element(Precision::fp64).base(), 8);
  EXPECT_EQ(bytes_per_element(Precision::fp32).base(), 4);
  EXPECT_EQ(bytes_per_element(Precision::tf32).base(), 4);
  EXPECT_EQ(bytes_per_element(Precision::bf16).base(), 2);
  EXPECT_EQ(bytes_per_element(Precision::fp8).base(), 1);
  EXPECT_EQ((32 * bytes_per_element(Precision::mxfp8)).base(), 33);
  EXPECT_EQ((16 * bytes_per_element(Precision::nvfp4)).base(), 9);
  EXPECT_EQ((32 * bytes_per_element(Precision::mxfp4)).base(), 17);
}

TEST(Id, KindsDoNotMixAndDefaultsAreInvalid) {
  static_assert(!std::is_convertible_v<DeviceId, ChannelId>);
  static_assert(!std::is_convertible_v<int, DeviceId>);
  EXPECT_FALSE(DeviceId().valid());
  EXPECT_TRUE(DeviceId(0).valid());
  EXPECT_EQ(DeviceId(7).index(), 7U);
  EXPECT_LT(TaskId(1), TaskId(2));
  EXPECT_EQ(std::hash<DeviceId>{}(DeviceId(3)), std::hash<DeviceId>{}(DeviceId(3)));
}

}  // namespace
}  // namespace aifsim
