#include "app/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace aifsim::app {

void start_log() {
  const auto logger = spdlog::stderr_color_st("aifsim");
  logger->set_pattern("aifsim: %^%l%$: %v");
  const char* wanted = std::getenv("AIFSIM_LOG");
  logger->set_level(wanted != nullptr ? spdlog::level::from_str(wanted) : spdlog::level::warn);
  spdlog::set_default_logger(logger);
}

}  // namespace aifsim::app
