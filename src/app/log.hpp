#pragma once

namespace aifsim::app {

// The log goes to stderr: warnings and worse, or what AIFSIM_LOG says (trace, debug, info, warn, error, off).
void start_log();

}  // namespace aifsim::app
