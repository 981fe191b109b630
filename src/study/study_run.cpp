#include "study/study_run.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.hpp"
#include "report/output_directory.hpp"
#include "study/row_worker.hpp"

namespace aifsim::study {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string text_of(const UnitResult& result) {
  return text_of(Json{{"json", result.json}, {"error", result.error}, {"our_bug", result.our_bug}});
}

UnitResult result_of(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("json").get<std::string>(), json.at("error").get<std::string>(), json.at("our_bug").get<bool>()};
}

class Shelf {
 public:
  explicit Shelf(const std::string& directory) : directory_(directory) {
    if (directory_.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error || !std::filesystem::is_directory(directory_)) {
      throw ConfigError(Problem{"", 0, 0, "--out", "a directory that can be written", directory_, error.message()});
    }
  }

  // A file that is damaged, or of other inputs, counts as none.
  [[nodiscard]] std::optional<UnitResult> find(const StudyUnit& unit) const {
    if (!keeps(unit)) return std::nullopt;
    const Json kept = Json::parse(content_of(path_of(unit).string()), nullptr, false);
    if (!kept.is_object() || !kept.contains("result") || kept.value("inputs", Json()) != unit.inputs ||
        kept.value("arguments", Json()) != Json(unit.arguments)) {
      return std::nullopt;
    }
    return UnitResult{kept.at("result").dump(), {}, false};
  }

  void keep(const StudyUnit& unit, const UnitResult& result) const {
    if (!keeps(unit) || !result.error.empty()) return;
    const Json kept{{"arguments", unit.arguments}, {"inputs", unit.inputs}, {"result", Json::parse(result.json)}};
    report::write_whole(path_of(unit), kept.dump(1) + '\n');
  }

 private:
  [[nodiscard]] bool keeps(const StudyUnit& unit) const { return !directory_.empty() && !unit.inputs.empty(); }
  [[nodiscard]] std::filesystem::path path_of(const StudyUnit& unit) const {
    return std::filesystem::path(directory_) /
           (unit.name + '-' + digest(Json(unit.arguments).dump(), unit.inputs) + ".json");
  }

  std::string directory_;
};

UnitResult simulated(const StudyUnit& unit,
                     const std::function<std::string(const std::vector<std::string>&)>& simulate) {
  try {
    return {simulate(unit.arguments), {}, false};
  } catch (const ConfigError& error) {
    return {{}, error.what(), false};
  } catch (const OutOfMemoryError& error) {
    return {{}, error.what(), false};
  } catch (const std::exception& error) {
    return {{}, std::string("internal error: ") + error.what(), true};
  }
}

void show_progress(bool wanted, std::size_t done, std::size_t count) {
  if (!wanted) return;
  std::fprintf(stderr, "\r%zu of %zu simulations%s", done, count, done == count ? "\n" : "");
  std::fflush(stderr);
}

}  // namespace

std::vector<UnitResult> run_units(const std::vector<StudyUnit>& units, const StudyRunOptions& options,
                                  const std::function<std::string(const std::vector<std::string>&)>& simulate) {
  const Shelf shelf(options.keep);
  std::map<std::vector<std::string>, std::size_t> first;  // unit that stands for all with these arguments
  std::vector<UnitResult> results(units.size());
  std::vector<std::size_t> to_run;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!first.emplace(units[i].arguments, i).second) continue;
    if (auto kept = shelf.find(units[i]))
      results[i] = *std::move(kept);
    else
      to_run.push_back(i);
  }
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const auto texts = run_in_processes(
      to_run.size(), options.jobs > 0 ? options.jobs : cores,
      [&](std::size_t i) {
        UnitResult result = simulated(units[to_run[i]], simulate);
        shelf.keep(units[to_run[i]], result);
        return text_of(result);
      },
      [&](std::size_t, int status) {
        return text_of(UnitResult{{}, "internal error: its process ended with " + std::to_string(status), true});
      },
      [&](std::size_t done) { show_progress(options.progress, done, to_run.size()); });
  for (std::size_t i = 0; i < to_run.size(); ++i) results[to_run[i]] = result_of(texts[i]);
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (const std::size_t same = first.at(units[i].arguments); same != i) results[i] = results[same];
  }
  return results;
}

}  // namespace aifsim::study
