#include "app/terminal.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>

namespace aifsim::app {
namespace {

rusage process_usage() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  return usage;
}

Seconds seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) * units::s + static_cast<double>(time.tv_usec) * units::us;
}

}  // namespace

bool is_terminal(Stream stream) { return ::isatty(stream == Stream::output ? STDOUT_FILENO : STDERR_FILENO) == 1; }

bool wants_colour(Stream stream) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused = no_colour != nullptr && *no_colour != '\0';
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return is_terminal(stream) && !refused && !dumb;
}

Progress::Progress() : on_(is_terminal(Stream::error)) {}

Progress::~Progress() {
  if (on_) std::cerr << "\r\033[K" << std::flush;
}

void Progress::show(std::string_view what) const {
  if (on_) std::cerr << "\r\033[K" << what << " …" << std::flush;
}

Seconds process_cpu_time() {
  const rusage usage = process_usage();
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

Bytes process_peak_memory() { return static_cast<double>(process_usage().ru_maxrss) * units::KiB; }

}  // namespace aifsim::app
