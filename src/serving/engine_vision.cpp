#include "serving/engine_vision.hpp"

#include <array>
#include <string>

#include "serving/request_plan.hpp"

namespace aifsim::serving {
namespace {

constexpr std::array<std::string_view, 2> ways{"tensor", "data"};

std::string seeing_models() {
  std::string list;
  for (const std::string& name : model::models_with_vision()) list += (list.empty() ? "" : ", ") + name;
  return "models that have one: " + list;
}

// The engine that a pool has, as written.
config::Node engine_node(const config::Node& root, Role role) {
  const config::Node pool = role == Role::prefill ? root.optional("prefill") : root.optional("decode");
  const config::Node own = role == Role::whole ? root.optional("engine") : pool.optional("engine");
  return own ? own : root.optional("engine");
}

// Heads are split like those of the language model.
void check_split(const config::Node& root, const Pool& pool, const model::Vision& vision) {
  const model::InferencePlan& plan = pool.engine.plan;
  if (plan.whole_vision || plan.tp <= 0 || vision.heads % plan.tp == 0) return;
  const config::Node engine = engine_node(root, pool.role), tp = engine.optional("tp");
  (tp ? tp : root)
      .problem("a divisor of the vision encoder's heads (" + std::to_string(vision.heads) + ")",
               std::to_string(plan.tp), "vision: {parallel: data} has a whole encoder on each GPU");
}

}  // namespace

void read_engine_vision(const config::Node& node, const model::ModelSpec& model, EngineOptions& options) {
  VisionOptions& vision = options.vision;
  vision.host_time_per_image = options.software.per_image;
  if (!node) return;
  vision.asked = true;
  options.plan.whole_vision = node.optional("parallel").choice_or(0, ways) == 1;
  vision.budget_tokens = static_cast<int>(node.optional("budget_tokens").integer_or(0, {.min = 1, .max = 1e8}));
  vision.host_time_per_image = node.optional("host_time_per_image").seconds_or(vision.host_time_per_image);
  node.finish();
  if (!model.vision && model.layers > 0) {
    node.problem("no `vision`, for " + model.name + " has no vision encoder", "some", seeing_models());
  }
}

void settle_vision(const config::Node& root, ServingJob& job) {
  const bool images = brings_images(*job.requests);
  if (images && !job.model.vision && job.model.layers > 0) {
    const config::Node requests = root.optional("requests");
    const config::Node trace = requests.optional("trace");
    (trace ? trace : requests.optional("images"))
        .problem("no images, for " + job.model.name + " has no vision encoder", "some", seeing_models());
  }
  bool asked = false;
  for (const Pool& pool : job.pools) asked = asked || pool.engine.vision.asked;
  if (!images && !asked) job.model.vision.reset();
  if (!job.model.vision) return;
  for (Pool& pool : job.pools) {
    pool.engine.vision.patches_per_token = job.model.vision->patches_per_token();
    check_split(root, pool, *job.model.vision);
  }
}

}  // namespace aifsim::serving
