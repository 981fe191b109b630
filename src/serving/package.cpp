#include "serving/package.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "config/named_file.hpp"

namespace aifsim::serving {
namespace {

constexpr std::string_view folder = "workloads/nims";
constexpr std::array<std::string_view, 2> goals{"throughput", "latency"};

struct Profile {
  std::vector<std::string> gpus;
  std::string precision;
  std::size_t goal = 0;
  EngineOptions engine;
  [[nodiscard]] std::string text(const std::string& gpu) const { return gpu + " " + layout(); }
  [[nodiscard]] std::string layout() const {
    return precision + " tp" + std::to_string(engine.plan.tp) + " " + std::string(goals[goal]);
  }
};
struct Package {
  std::string name, source;
  model::ModelSpec model;
  StartUpPlan start_up;
  std::vector<Profile> profiles;
};

Profile read_profile(const config::Node& node, const model::ModelSpec& model) {
  Profile profile;
  const config::Node gpus = node.required("gpu");
  for (const config::Node& gpu : gpus.is_list() ? gpus.items() : std::vector{gpus}) {
    if (config::names_file(gpu, "platforms/catalog/gpus", "a GPU")) profile.gpus.push_back(gpu.text());
  }
  if (gpus.is_list() && profile.gpus.empty()) gpus.problem("at least one GPU", "none that is known");
  profile.precision = node.required("precision").text();
  profile.goal = node.optional("for").choice_or(0, goals);
  profile.engine = read_engine(node.required("engine"), model, nullptr);
  node.finish();
  return profile;
}

Package read(const config::Document& document) {
  const config::Node root = document.root();
  Package package;
  package.name = root.required("name").text();
  package.source = root.required("source").text();
  package.model = model::read_model(root.required("model"));
  read_start_up(root.optional("start_up"), package.start_up, nullptr);
  const config::Node profiles = root.required("profiles");
  for (const config::Node& item : profiles.items()) package.profiles.push_back(read_profile(item, package.model));
  if (profiles.is_list() && package.profiles.empty()) profiles.problem("at least one profile", "none");
  root.finish();
  return package;
}

Package load(const std::string& name) {
  const config::Document document = config::load_named(folder, name);
  Package package = read(document);
  document.check();
  return package;
}

// What the user asks of a profile.
struct Wish {
  std::optional<std::string> precision;
  std::optional<int> tp;
  std::optional<std::size_t> goal;
  [[nodiscard]] bool granted(const Profile& profile) const {
    return (!precision || *precision == profile.precision) && (!tp || *tp == profile.engine.plan.tp) &&
           (!goal || *goal == profile.goal);
  }
};

Wish read_wish(const config::Node& node) {
  Wish wish;
  if (const config::Node precision = node.optional("precision")) wish.precision = precision.text();
  if (const config::Node tp = node.optional("tp")) wish.tp = static_cast<int>(tp.integer({.min = 1, .max = 1e5}));
  if (const config::Node goal = node.optional("for")) wish.goal = goal.choice(goals);
  node.finish();
  return wish;
}

std::string all_profiles(const Package& package) {
  std::string text;
  for (const Profile& profile : package.profiles) {
    for (const std::string& gpu : profile.gpus) text += (text.empty() ? "" : ", ") + profile.text(gpu);
  }
  return text;
}

// For a list: what has the same engine on several GPUs stands together.
std::string profiles_by_engine(const Package& package) {
  std::string text;
  for (const Profile& profile : package.profiles) {
    text += (text.empty() ? "" : "; ") + profile.layout() + " on ";
    for (std::size_t i = 0; i < profile.gpus.size(); ++i) text += (i == 0 ? "" : ", ") + profile.gpus[i];
  }
  return text;
}

}  // namespace

PackagedEngine read_package(const config::Node& node, const hardware::Platform* platform) {
  const config::Node name = node.is_map() ? node.required("name") : node;
  const Wish wish = node.is_map() ? read_wish(node) : Wish{};
  if (!config::names_file(name, folder, "a package")) return {};
  const Package package = load(name.text());
  const std::string gpu = platform != nullptr ? platform->groups.front().type->gpu->name : "";
  for (const Profile& profile : package.profiles) {
    const bool right = gpu.empty() || std::find(profile.gpus.begin(), profile.gpus.end(), gpu) != profile.gpus.end();
    const bool fits = platform == nullptr || profile.engine.plan.gpus() <= platform->gpu_count();
    if (!right || !fits || !wish.granted(profile)) continue;
    return {.title = package.name + " (" + profile.text(gpu.empty() ? profile.gpus.front() : gpu) + ")",
            .model = package.model,
            .engine = profile.engine,
            .start_up = package.start_up};
  }
  node.problem("a profile of " + name.text() + ": " + all_profiles(package),
               "none of them for " + (gpu.empty() ? "this wish" : std::to_string(platform->gpu_count()) + " x " + gpu));
  return {.title = package.name, .model = package.model, .engine = package.profiles.front().engine, .start_up = {}};
}

void read_package_file(const config::Document& document) { (void)read(document); }

std::vector<PackageEntry> list_packages() {
  std::vector<PackageEntry> entries;
  for (const std::string& name : config::names_in(folder)) {
    const Package package = load(name);
    entries.push_back({name, package.name + ": " + profiles_by_engine(package)});
  }
  return entries;
}

}  // namespace aifsim::serving
