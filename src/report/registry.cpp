#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "report/writer.hpp"

namespace aifsim::report {
namespace {

constexpr std::array all_writers{
    Writer{"text", "tables for people", write_text},
    Writer{"json", "one object, aifsim.run/1", write_json},
    Writer{"csv", "every channel that carried anything", write_channels_csv},
};

}  // namespace

std::span<const Writer> writers() { return all_writers; }

const Writer& writer_named(std::string_view name) {
  const auto* found =
      std::find_if(all_writers.begin(), all_writers.end(), [&](const Writer& writer) { return writer.name == name; });
  ensure(found != all_writers.end(), "a report writer is asked for by a known name");
  return *found;
}

}  // namespace aifsim::report
