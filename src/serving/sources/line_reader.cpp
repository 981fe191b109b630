#include "serving/sources/line_reader.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "base/error.hpp"

namespace aifsim::serving {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 40;
  std::string shown = "\"";
  for (const char c : text.substr(0, longest)) shown += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return shown + (text.size() > longest ? "…\"" : "\"");
}

LineReader::LineReader(const std::string& path) : path_(path) {
  const auto refuse_file = [&](const char* expected, const std::string& got) {
    throw ConfigError(Problem{path, 0, 0, "", expected, got, ""});
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse_file("a file", "a directory");
  file_.open(path, std::ios::binary);
  if (!file_) refuse_file("a readable file", errno == ENOENT ? "no such file" : std::strerror(errno));
}

bool LineReader::next() {
  while (std::getline(file_, line_)) {
    ++number_;
    if (number_ == 1 && line_.starts_with(byte_order_mark)) line_.erase(0, byte_order_mark.size());
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (line_.find_first_not_of(" \t") != std::string::npos) return true;
  }
  return false;
}

void LineReader::refuse(std::size_t column, const std::string& key, const std::string& expected, const std::string& got,
                        const std::string& hint) const {
  throw ConfigError(Problem{path_, number_, static_cast<int>(column), key, expected, got, hint});
}

}  // namespace aifsim::serving
