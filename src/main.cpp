// The only place that catches, and the only one that knows exit codes.
#include <exception>
#include <iostream>
#include <new>

#include "app/command_line.hpp"
#include "app/commands.hpp"
#include "app/log.hpp"
#include "base/error.hpp"

namespace {

constexpr int users_mistake = 2;
constexpr int out_of_memory = 3;
constexpr int our_bug = 70;  // EX_SOFTWARE of sysexits.h

int fail(int code, const char* what) {
  std::cerr << "aifsim: " << what << '\n';
  return code;
}

int fail_internally(const char* what) {
  std::cerr << "aifsim: internal error: " << what << "\nThis is a bug in aifsim, please report it.\n";
  return our_bug;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    aifsim::app::start_log();
    aifsim::app::execute(aifsim::app::parse_command_line(argc, argv));
    return 0;
  } catch (const aifsim::ConfigError& error) {
    std::cerr << error.what() << '\n';
    return users_mistake;
  } catch (const aifsim::app::UsageError& error) {
    return fail(users_mistake, error.what());
  } catch (const aifsim::OutOfMemoryError& error) {
    return fail(out_of_memory, error.what());
  } catch (const std::exception& error) {
    return fail_internally(error.what());
  } catch (...) {
    return fail_internally("an unknown exception");
  }
}
