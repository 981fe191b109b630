// A vision encoder against counts by hand: parameters, FLOPs, bytes on the wire, memory.
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/inference.hpp"

namespace aifsim::model {
namespace {

ModelSpec parsed(const std::string& yaml) {
  const config::Document document = config::Document::parse(yaml, "x.yaml");
  ModelSpec model = read_model(document.root().required("model"));
  document.check();
  return model;
}
ModelSpec shipped(const std::string& name) { return parsed("model: " + name + "\n"); }

ImageWork images_of(double images, double patches_each) {
  return {images, images * patches_each, images * patches_each * patches_each};
}

double flops(const Pass& pass, OperatorKind kind) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.kind == kind ? op.flops.in(units::flop)*times : 0;
  return sum;
}
double flops_of(const Pass& pass, OperatorName name) {
  double sum = 0;
  for (const auto& [op, times] : pass.operators) sum += op.name == name ? op.flops.in(units::flop)*times : 0;
  return sum;
}
double sent(const Pass& pass, Exchange exchange) {
  double sum = 0;
  for (const RepeatedExchange& entry : pass.exchanges) {
    sum += entry.exchange == exchange ? entry.bytes.in(units::B)*entry.times : 0;
  }
  return sum;
}

TEST(Vision, parameters_by_hand) {
  ModelSpec model = shipped("qwen2.5-vl-72b");
  const double embedding = 3 * 14 * 14 * 2 * 1280, norms = 65 * 1280;
  EXPECT_DOUBLE_EQ(vision_parameters(model),
                   embedding + norms + 32.0 * (4 * 1280 * 1280 + 3 * 1280 * 3456) + 5120.0 * (5120 + 8192));
  // The encoder of the 7B model is known as one of 0.67 B.
  model.vision->ffn_hidden = 3420;
  model.hidden = 3584;
  EXPECT_NEAR(vision_parameters(model), 0.67e9, 0.01e9);
  EXPECT_NEAR(vision_parameters(shipped("llama4-scout")),
              34.0 * (4 * 1408 * 1408 + 2 * 1408 * 5632) + 4096.0 * (4 * 1408 + 4096 + 5120) + 3 * 14 * 14 * 1408.0,
              1e6);
  const double deep = vision_parameters(shipped("qwen3-vl-235b-a22b"));
  const double shallow = vision_parameters(shipped("qwen3.5-397b-a17b"));
  EXPECT_DOUBLE_EQ(deep - shallow, 3 * (4608.0 * (4608 + 4096) + 1152));
  EXPECT_EQ(vision_parameters(shipped("llama3-8b")), 0);
}

// 448 x 448 pixels: 1024 patches of 14 x 14, 256 tokens.
TEST(Vision, flops_by_hand) {
  const ModelSpec model = shipped("qwen2.5-vl-72b");
  const Pass pass = image_pass(model, {}, images_of(1, 1024));
  EXPECT_DOUBLE_EQ(
      flops(pass, OperatorKind::gemm),
      2 * 1024.0 * (1176 * 1280 + 32.0 * (4 * 1280 * 1280 + 3 * 1280 * 3456)) + 2 * 256.0 * 5120 * (5120 + 8192));
  EXPECT_DOUBLE_EQ(flops_of(pass, "vision_attention"), 4 * 1280 * 1024.0 * (4 * 1024 + 28 * 64));
  const ModelSpec whole = shipped("kimi-k2.5");
  EXPECT_DOUBLE_EQ(flops_of(image_pass(whole, {}, images_of(3, 500)), "vision_attention"),
                   27 * 4 * 1152 * 3 * 500.0 * 500);
}

TEST(Vision, windows_are_cheaper_than_whole_images) {
  ModelSpec model = shipped("qwen2.5-vl-72b");
  const ImageWork large = images_of(2, 4096);
  const double windowed = flops_of(image_pass(model, {}, large), "vision_attention");
  model.vision->window = 0;
  const double full = flops_of(image_pass(model, {}, large), "vision_attention");
  EXPECT_DOUBLE_EQ(full / windowed, 32.0 * 4096 / (4 * 4096 + 28 * 64));
  // A window larger than the image changes nothing.
  model.vision->window = 64;
  const double small = flops_of(image_pass(model, {}, images_of(2, 64)), "vision_attention");
  EXPECT_DOUBLE_EQ(small, 32 * 4 * 1280 * 2 * 64.0 * 64);
}

TEST(Vision, tensor_ranks_share_the_layers_and_sum_twice_in_each) {
  const ModelSpec model = shipped("qwen3-vl-235b-a22b");
  const ImageWork images = images_of(3, 1024);
  const Pass one = image_pass(model, {}, images), four = image_pass(model, {.tp = 4}, images);
  const double whole = flops_of(one, "vision_embedding");  // on every rank
  EXPECT_NEAR((flops(four, OperatorKind::gemm) - whole) * 4, flops(one, OperatorKind::gemm) - whole, 1e3);
  EXPECT_DOUBLE_EQ(flops_of(four, "vision_attention") * 4, flops_of(one, "vision_attention"));
  EXPECT_DOUBLE_EQ(sent(four, Exchange::tensor_all_reduce), 2 * (27 * 2 * 3072.0 * 1152 + 4 * 768.0 * 4096));
  EXPECT_EQ(sent(one, Exchange::tensor_all_reduce), 0);
  EXPECT_EQ(sent(four, Exchange::image_tokens_all_gather), 0);
}

TEST(Vision, whole_encoders_share_the_images) {
  const ModelSpec model = shipped("qwen3-vl-235b-a22b");
  const InferencePlan plan{.tp = 4, .whole_vision = true};
  const auto share = [&](double images) {
    return flops(image_pass(model, plan, images_of(images, 1024)), OperatorKind::gemm) /
           flops(image_pass(model, {}, images_of(images, 1024)), OperatorKind::gemm);
  };
  EXPECT_DOUBLE_EQ(share(8), 0.25);
  EXPECT_DOUBLE_EQ(share(9), 3.0 / 9);  // somebody has three
  EXPECT_DOUBLE_EQ(share(1), 1);
  EXPECT_DOUBLE_EQ(share(0.3), 1);  // a mean request's
  const Pass pass = image_pass(model, plan, images_of(8, 1024));
  EXPECT_EQ(sent(pass, Exchange::tensor_all_reduce), 0);
  EXPECT_DOUBLE_EQ(sent(pass, Exchange::image_tokens_all_gather), 2 * 8 * 256.0 * 4096 * 4);  // of all four depths
}

TEST(Vision, memory_split_or_whole) {
  const ModelSpec model = shipped("qwen2.5-vl-72b");
  ModelSpec blind = model;
  blind.vision.reset();
  const auto more = [&](const InferencePlan& plan) {
    return (weight_bytes(model, plan) - weight_bytes(blind, plan)).in(units::B);
  };
  const double every_rank = 2 * (1176.0 * 1280 + 65 * 1280), whole = 2 * vision_parameters(model);
  EXPECT_NEAR(more({}), whole, 1e3);
  EXPECT_NEAR(more({.tp = 8}), every_rank + (whole - every_rank) / 8, 1e3);
  EXPECT_NEAR(more({.tp = 8, .whole_vision = true}), whole, 1e3);
  EXPECT_NEAR(more({.tp = 2, .pp = 4}), every_rank + (whole - every_rank) / 2, 1e3);  // all on the first stage
  EXPECT_DOUBLE_EQ(encoder_cache_bytes(model, 8192).in(units::B), 8192.0 * 8192 * 2);
  EXPECT_DOUBLE_EQ(encoder_cache_bytes(shipped("qwen3-vl-235b-a22b"), 100).in(units::B), 100.0 * 4096 * 4 * 2);
  EXPECT_GT(image_activation_bytes(model, {.tp = 8, .whole_vision = true}, 8192),
            image_activation_bytes(model, {.tp = 8}, 8192));
}

TEST(Vision, who_cannot_see_encodes_nothing) {
  const ModelSpec model = shipped("llama3-8b");
  const Pass pass = image_pass(model, {.tp = 8}, images_of(3, 1024));
  EXPECT_TRUE(pass.operators.empty() && pass.exchanges.empty());
  EXPECT_TRUE(image_pass(shipped("qwen2.5-vl-72b"), {}, {}).operators.empty());
  EXPECT_EQ(image_activation_bytes(model, {}, 1000), Bytes{});
  EXPECT_EQ(encoder_cache_bytes(model, 1000), Bytes{});
}

TEST(Vision, mistakes_are_named) {
  const auto message = [](const std::string& vision) -> std::string {
    try {
      (void)parsed(
          "model:\n  layers: 2\n  hidden: 64\n  ffn_hidden: 128\n  heads: 4\n  vocab: 100\n  vision: " + vision + "\n");
      return "none";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  const std::string good = "layers: 2, hidden: 32, ffn_hidden: 64, heads: 4";
  EXPECT_EQ(message("{" + good + "}"), "none");
  EXPECT_NE(message("{" + good + ", windows: 64}")
                .find("vision.windows: expected a known key, got an unknown key (did you mean \"window\"?)"),
            std::string::npos)
      << message("{" + good + ", windows: 64}");
  EXPECT_NE(message("{" + good + ", full_layers: 1}").find("vision.full_layers: expected `window` beside it"),
            std::string::npos);
  EXPECT_NE(message("{" + good + ", window: 4, full_layers: 3}").find("expected at most layers (2), got 3"),
            std::string::npos);
  EXPECT_NE(message("{layers: 2, hidden: 32, ffn_hidden: 64, heads: 5}")
                .find("expected head_dim, since heads (5) do not divide hidden (32)"),
            std::string::npos);
  EXPECT_NE(message("{" + good + ", activation: silu}").find("expected one of swiglu, gelu, relu2"), std::string::npos);
  EXPECT_NE(message("{layers: 2, hidden: 32, heads: 4}").find("vision.ffn_hidden: expected a value, got nothing"),
            std::string::npos);
}

}  // namespace
}  // namespace aifsim::model
