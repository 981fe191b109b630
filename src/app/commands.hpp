// The subcommands. Results go to stdout; mistakes leave as exceptions, for main() to turn into an exit code.
#pragma once

#include <string>
#include <vector>

#include "app/command_line.hpp"

namespace aifsim::app {

void run_command(const RunOptions& options);
void validate_command(study::ValidateOptions options);
void check_command(const CheckOptions& options);
void list_command(const ListOptions& options);
[[nodiscard]] std::vector<std::string> listable();  // what `aifsim list` takes, in order

void execute(const Command& command);

}  // namespace aifsim::app
