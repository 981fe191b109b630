// What the program's terminal and process are like.
#pragma once

#include <string_view>

#include "base/quantity.hpp"

namespace aifsim::app {

enum class Stream { output, error };
[[nodiscard]] bool is_terminal(Stream stream);
// Colours: on a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb.
[[nodiscard]] bool wants_colour(Stream stream);

// One line on stderr that says what is being done and vanishes when it is done. Nothing when stderr is no terminal.
class Progress {
 public:
  Progress();
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(std::string_view what) const;

 private:
  bool on_;
};

[[nodiscard]] Seconds process_cpu_time();
[[nodiscard]] Bytes process_peak_memory();

}  // namespace aifsim::app
