#include "model/vision.hpp"

#include <array>
#include <string>

#include "model/inference_operators.hpp"

namespace aifsim::model {
namespace {

constexpr std::array<std::string_view, 3> activation_names{"swiglu", "gelu", "relu2"};
constexpr config::Range positive{.min = 1, .max = 1e6};
constexpr config::Range small{.min = 1, .max = 64};

int count(const config::Node& node) { return static_cast<int>(node.integer(positive)); }
int count_or(const config::Node& node, int fallback, config::Range range) {
  return static_cast<int>(node.integer_or(fallback, range));
}

void read_windows(const config::Node& node, Vision& vision) {
  vision.window = count_or(node.optional("window"), 0, positive);
  const config::Node full = node.optional("full_layers");
  vision.full_layers = count_or(full, 0, {.min = 0, .max = positive.max});
  if (full && vision.window == 0) {
    full.problem("`window` beside it, for without windows all layers see whole images",
                 std::to_string(vision.full_layers));
  } else if (vision.full_layers > vision.layers) {
    full.problem("at most layers (" + std::to_string(vision.layers) + ")", std::to_string(vision.full_layers));
  }
}

}  // namespace

Vision read_vision(const config::Node& node) {
  Vision vision;
  vision.layers = count(node.required("layers"));
  vision.hidden = count(node.required("hidden"));
  vision.ffn_hidden = count(node.required("ffn_hidden"));
  vision.heads = count(node.required("heads"));
  const config::Node head_dim = node.optional("head_dim");
  vision.head_dim = count_or(head_dim, vision.heads > 0 ? vision.hidden / vision.heads : 0, positive);
  if (!head_dim && vision.heads > 0 && vision.hidden % vision.heads != 0) {
    node.problem("head_dim, since heads (" + std::to_string(vision.heads) + ") do not divide hidden (" +
                     std::to_string(vision.hidden) + ")",
                 "nothing");
  }
  vision.activation = static_cast<Activation>(
      node.optional("activation").choice_or(static_cast<std::size_t>(Activation::gelu), activation_names));
  vision.patch = count_or(node.optional("patch"), vision.patch, {.min = 1, .max = 256});
  vision.frames = count_or(node.optional("frames"), vision.frames, small);
  vision.merge = count_or(node.optional("merge"), vision.merge, small);
  read_windows(node, vision);
  vision.projector_hidden = count_or(node.optional("projector_hidden"), 0, positive);
  vision.projector_layers = count_or(node.optional("projector_layers"), vision.projector_layers, {.min = 2, .max = 64});
  vision.projectors = count_or(node.optional("projectors"), vision.projectors, small);
  node.finish();
  return vision;
}

VisionWeights vision_weights(const ModelSpec& model) {
  VisionWeights weights;
  if (!model.vision) return weights;
  const Vision& vision = *model.vision;
  const double hidden = vision.hidden, between = vision.projector_width();
  const double layer = 4 * hidden * vision.width() + hidden * vision.ffn_hidden * vision.ffn_matrices();
  const double projector = between * (vision.merged() + between * (vision.projector_layers - 2) + model.hidden);
  weights.split = vision.layers * layer + vision.projectors * projector;
  weights.replicated =
      3.0 * vision.patch * vision.patch * vision.frames * hidden + (2.0 * vision.layers + vision.projectors) * hidden;
  return weights;
}

double vision_parameters(const ModelSpec& model) {
  const VisionWeights weights = vision_weights(model);
  return weights.split + weights.replicated;
}

Bytes vision_weight_bytes(const ModelSpec& model, const InferencePlan& plan) {
  const VisionWeights weights = vision_weights(model);
  return units::B * ((weights.split / (plan.whole_vision ? 1 : plan.tp) + weights.replicated) * bf16_bytes);
}

}  // namespace aifsim::model
