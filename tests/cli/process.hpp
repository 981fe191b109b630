// Runs the program as a user does.
#pragma once

#include <string>
#include <vector>

namespace aifsim::cli {

struct Outcome {
  int exit_code = -1;  // 128 + n for signal n
  std::string output;  // stdout
  std::string error;   // stderr
};

// aifsim with these arguments, in the source directory.
[[nodiscard]] Outcome run_aifsim(const std::vector<std::string>& arguments);

// A directory of its own that goes away with the object.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& content) const;  // the file's path

 private:
  std::string path_;
};

[[nodiscard]] std::string content_of(const std::string& path);

}  // namespace aifsim::cli
