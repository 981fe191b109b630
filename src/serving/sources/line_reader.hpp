// Lines of a text file, one at a time, and mistakes in them by place. Internal to serving/sources.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

namespace aifsim::serving {

class LineReader {
 public:
  explicit LineReader(const std::string& path);  // ConfigError when it cannot be read

  // The next line that is not blank, without its end; false after the last.
  bool next();
  [[nodiscard]] const std::string& line() const { return line_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  // ConfigError at this line; `column` from 1.
  [[noreturn]] void refuse(std::size_t column, const std::string& key, const std::string& expected,
                           const std::string& got, const std::string& hint = {}) const;

 private:
  std::string path_;
  std::ifstream file_;
  std::string line_;
  int number_ = 0;
};

// Text as a message shows it: in quotes, at most 40 characters, control characters as '?'.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace aifsim::serving
