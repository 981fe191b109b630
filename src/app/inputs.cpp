#include "app/inputs.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>

#include "app/file_kinds.hpp"
#include "base/error.hpp"
#include "serving/job.hpp"
#include "training/job.hpp"

namespace aifsim::app {
namespace {

struct InputFile {
  std::string prefix;  // "platform"
  std::string path;
  void (*read)(const config::Document& document);
  std::vector<std::string> keys;  // at the top, as the file has them
  std::vector<config::Override> overrides;
};

std::string first_key(std::string_view path) { return std::string(path.substr(0, path.find_first_of(".["))); }

bool has_key(const InputFile& file, const std::string& key) {
  return std::find(file.keys.begin(), file.keys.end(), key) != file.keys.end();
}

// Does the file's reader know the key at the top of the override's path? It reports one that it does not know at the
// override's own place. Mistakes further down are the file's, and are told when it is read.
bool reader_knows(const InputFile& file, const config::Override& override_text) {
  const config::Document document = config::Document::load(file.path, std::span(&override_text, 1));
  const std::string place = "--set " + override_text.key + "=" + override_text.value;
  for (const Problem& problem : document.problems()) {  // no reader has asked yet: the override itself is malformed
    if (problem.file == place) throw ConfigError(problem);
  }
  try {
    file.read(document);
    document.check();
  } catch (const ConfigError& error) {
    return std::none_of(error.problems().begin(), error.problems().end(), [&](const Problem& problem) {
      return problem.file == place && problem.got == "an unknown key" && problem.key == first_key(override_text.key);
    });
  }
  return true;
}

[[noreturn]] void refuse(const std::string& text, std::string expected, std::string got, std::string hint) {
  throw ConfigError(Problem{"--set " + text, 0, 0, "", std::move(expected), std::move(got), std::move(hint)});
}

InputFile& file_for(const config::Override& override_text, const std::string& text, std::vector<InputFile>& files) {
  const std::string key = first_key(override_text.key);
  std::vector<InputFile*> takers;
  for (InputFile& file : files) {
    if (has_key(file, key)) takers.push_back(&file);
  }
  if (takers.size() > 1) {
    refuse(text, "platform:" + override_text.key + " or workload:" + override_text.key, "a key that both files have",
           "");
  }
  if (takers.empty()) {
    for (InputFile& file : files) {
      if (reader_knows(file, override_text)) takers.push_back(&file);
    }
  }
  if (takers.size() > 1) {
    refuse(text, "platform:" + override_text.key + " or workload:" + override_text.key, "a key that both files know",
           "");
  }
  if (takers.size() == 1) return *takers.front();
  std::vector<std::string> known;
  for (const InputFile& file : files) known.insert(known.end(), file.keys.begin(), file.keys.end());
  const auto near = config::nearest(key, known);
  refuse(text, "a key of the platform or the workload", '"' + override_text.key + '"',
         near ? "did you mean `" + *near + "`?" : "");
}

void route(const std::string& text, std::vector<InputFile>& files) {
  config::Override override_text = config::parse_override(text);
  for (InputFile& file : files) {
    const std::string prefix = file.prefix + ":";
    if (!override_text.key.starts_with(prefix)) continue;
    override_text.key.erase(0, prefix.size());
    file.overrides.push_back(override_text);
    return;
  }
  file_for(override_text, text, files).overrides.push_back(override_text);
}

// The two files with the overrides that go to each.
std::vector<InputFile> routed(const std::string& platform, const std::string& workload,
                              std::span<const std::string> sets) {
  std::vector<InputFile> files{{"platform", platform, read_platform_file, {}, {}},
                               {"workload", workload, read_workload_file, {}, {}}};
  // Both files' own faults are reported together.
  std::vector<Problem> problems;
  for (InputFile& file : files) {
    try {
      file.keys = config::Document::load(file.path).root().keys();
    } catch (const ConfigError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
  for (const std::string& text : sets) route(text, files);
  return files;
}

}  // namespace

Inputs load_inputs(const std::string& platform, const std::string& workload, std::span<const std::string> sets) {
  const std::vector<InputFile> files = routed(platform, workload, sets);
  return {config::Document::load(platform, files[0].overrides), config::Document::load(workload, files[1].overrides)};
}

std::vector<RoutedSet> route_sets(const std::string& platform, const std::string& workload,
                                  std::span<const std::string> sets) {
  std::vector<RoutedSet> result;
  for (const InputFile& file : routed(platform, workload, sets)) {
    for (const config::Override& entry : file.overrides) result.push_back({file.prefix, entry.key + '=' + entry.value});
  }
  return result;
}

void check_inputs(const Inputs& inputs) {
  const hardware::Platform platform = hardware::read_platform(inputs.platform);
  inputs.platform.check();
  if (is_serving(inputs.workload)) {
    (void)serving::read_serving_job(inputs.workload, &platform);
  } else {
    (void)training::read_training_job(inputs.workload, &platform);
  }
  inputs.workload.check();
}

hardware::Platform load_platform(const std::string& platform, std::span<const std::string> sets) {
  constexpr std::string_view prefix = "platform:";
  std::vector<config::Override> overrides;
  for (const std::string& text : sets) {
    config::Override entry = config::parse_override(text);
    if (entry.key.starts_with(prefix)) entry.key.erase(0, prefix.size());
    overrides.push_back(std::move(entry));
  }
  const config::Document document = config::Document::load(platform, overrides);
  hardware::Platform result = hardware::read_platform(document);
  document.check();
  return result;
}

void warn_of_mid_run_faults(const std::string& file, const hardware::Platform& platform) {
  for (const hardware::Fault& fault : platform.faults) {
    if (fault.at <= Seconds{}) continue;
    spdlog::warn(
        "{}: the fault of {} at {} s strikes training jobs and traffic alone; this command shows the network before it",
        file, fault.part, fault.at.in(units::s));
  }
}

}  // namespace aifsim::app
