// The pass of a vision encoder, and what it holds meanwhile. Its layers are a ViT's: every patch attends to all of its
// image, or of its window.
#include <algorithm>
#include <cmath>

#include "model/inference_operators.hpp"

namespace aifsim::model {
namespace {

constexpr Precision bf16 = Precision::bf16;

// Of all patches, those that the busiest tensor rank has. Whole images are dealt out; sums stand for equal ones.
double rank_share(const InferencePlan& plan, double images) {
  if (!plan.whole_vision || plan.tp == 1 || images <= 0) return 1;
  return std::min(1.0, std::ceil(images / plan.tp - 1e-9) / images);
}

class ImagePass {
 public:
  ImagePass(const ModelSpec& model, const InferencePlan& plan, const ImageWork& images)
      : model_(model),
        vision_(*model.vision),
        plan_(plan),
        parts_(plan.whole_vision ? 1 : plan.tp),
        tokens_(images.patches / vision_.patches_per_token()),
        patches_(images.patches * rank_share(plan, images.images)),
        side_(images.pairs / images.patches) {}

  Pass build() {
    builder_.gemm("vision_embedding", bf16, bf16, patches_, hidden(),
                  3.0 * vision_.patch * vision_.patch * vision_.frames);
    layers(vision_.window > 0 ? vision_.full_layers : vision_.layers, side_);
    layers(vision_.window > 0 ? vision_.layers - vision_.full_layers : 0, std::min(side_, double{1} * vision_.window));
    projectors();
    place();
    return builder_.take();
  }

 private:
  [[nodiscard]] double hidden() const { return vision_.hidden; }
  [[nodiscard]] double own_tokens() const { return patches_ / vision_.patches_per_token(); }
  void reduce(double values) {
    if (parts_ > 1) builder_.exchange(Exchange::tensor_all_reduce, "vision", values * bf16_bytes);
  }
  void activation(double rows, double width, int tensors) {
    builder_.memory("vision_activation", rows * width * tensors * bf16_bytes);
  }

  // Layers in which a patch attends to `seen` patches.
  void layers(int count, double seen) {
    if (count == 0) return;
    builder_.layers(count);
    const double width = vision_.width() / parts_, ffn = double{1} * vision_.ffn_hidden / parts_;
    builder_.memory("vision_norm", 4 * patches_ * hidden() * bf16_bytes);
    builder_.gemm("vision_qkv", bf16, bf16, patches_, 3 * width, hidden());
    builder_.memory("vision_rotary", 4 * patches_ * width * bf16_bytes);
    attention(seen, width);
    builder_.gemm("vision_output", bf16, bf16, patches_, hidden(), width);
    reduce(patches_ * hidden());
    builder_.memory("vision_norm", 4 * patches_ * hidden() * bf16_bytes);
    builder_.gemm("vision_mlp", bf16, bf16, patches_, ffn * (vision_.ffn_matrices() - 1), hidden());
    activation(patches_, ffn, vision_.ffn_matrices());
    builder_.gemm("vision_mlp", bf16, bf16, patches_, hidden(), ffn);
    reduce(patches_ * hidden());
  }

  void attention(double seen, double width) {
    Operator op;
    op.kind = OperatorKind::attention_forward;
    op.name = "vision_attention";
    op.m = op.n = seen;
    op.k = vision_.head_dim;
    op.batch = patches_ / seen * width / vision_.head_dim;
    op.flops = units::flop * (4 * patches_ * seen * width);
    op.bytes = units::B * (4 * patches_ * width * bf16_bytes);  // Q, K, V and the output
    builder_.add(op);
  }

  void projectors() {
    builder_.layers(vision_.projectors);
    const double between = vision_.projector_width(), own = between / parts_;
    builder_.memory("vision_norm", 2 * patches_ * hidden() * bf16_bytes);
    builder_.gemm("vision_projector", bf16, bf16, own_tokens(), own, vision_.merged());
    activation(own_tokens(), own, 2);
    for (int layer = 2; layer < vision_.projector_layers; ++layer) {
      builder_.gemm("vision_projector", bf16, bf16, own_tokens(), between, own);
      reduce(own_tokens() * between);
      activation(own_tokens(), between, 2);
    }
    builder_.gemm("vision_projector", bf16, bf16, own_tokens(), model_.hidden, own);
    reduce(own_tokens() * model_.hidden);
  }

  // Every rank has all tokens, puts them among the text's, and adds those of inner layers to hidden states.
  void place() {
    builder_.layers(1);
    const double values = tokens_ * model_.hidden;
    if (plan_.whole_vision && plan_.tp > 1) {
      builder_.exchange(Exchange::image_tokens_all_gather, "vision", values * vision_.projectors * bf16_bytes);
    }
    builder_.memory("vision_tokens", values * (2 + 3 * (vision_.projectors - 1)) * bf16_bytes, vision_.projectors);
  }

  const ModelSpec& model_;
  const Vision& vision_;
  const InferencePlan& plan_;
  double parts_;    // that a layer is split into
  double tokens_;   // of all ranks
  double patches_;  // of the busiest rank
  double side_;     // patches of an image
  PassBuilder builder_;
};

}  // namespace

Pass image_pass(const ModelSpec& model, const InferencePlan& plan, const ImageWork& images) {
  if (!model.vision || images.patches <= 0) return {};
  return ImagePass(model, plan, images).build();
}

// One image may be all there is, and is then whole on one rank where images are dealt out.
Bytes image_activation_bytes(const ModelSpec& model, const InferencePlan& plan, double tokens) {
  if (!model.vision) return {};
  const Vision& vision = *model.vision;
  const double parts = plan.whole_vision ? 1 : plan.tp;
  const double inner = std::max(4 * vision.width(), double{1} * vision.ffn_hidden * vision.ffn_matrices()) / parts;
  return units::B * (tokens * vision.patches_per_token() * (2 * vision.hidden + inner) * bf16_bytes);
}

Bytes encoder_cache_bytes(const ModelSpec& model, double tokens) {
  if (!model.vision) return {};
  return units::B * (tokens * model.hidden * model.vision->projectors * bf16_bytes);
}

}  // namespace aifsim::model
