// The three ways a run can end badly. Only main() catches them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace aifsim {

// One mistake in the user's input. Printed as `file:line:col: key: expected …, got …` and a hint if there is one.
struct Problem {
  std::string file;      // as the user wrote it; empty for the command line
  int line = 0;          // from 1; 0 if the place is not known
  int column = 0;        // from 1
  std::string key;       // dotted key path, e.g. "scale_out.tiers[1].oversubscription"
  std::string expected;  // "a bandwidth such as 400 Gb/s"
  std::string got;       // "400" or "nothing"
  std::string hint;      // "did you mean `count`?"; may be empty

  [[nodiscard]] std::string message() const;
};

// The user's mistake: exit code 2. what() holds every problem, one a line.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Problem> problems);
  explicit ConfigError(Problem problem);
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

// The job does not fit in memory: exit code 3. what() names the biggest class and what to change.
class OutOfMemoryError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A law of ours is broken: exit code 70.
class InternalError : public std::logic_error {
  using std::logic_error::logic_error;
};

// Throws InternalError("file:line: law") unless `holds`.
void ensure(bool holds, const char* law, const char* file = __builtin_FILE(), int line = __builtin_LINE());

}  // namespace aifsim
