#include "config/text_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "base/error.hpp"

namespace aifsim::config {
namespace {

constexpr std::size_t largest_file = 16'000'000;

[[noreturn]] void refuse(const std::string& path, const Place& asked_by, std::string expected, const std::string& got) {
  if (!asked_by.source) throw ConfigError(Problem{path, 0, 0, "", std::move(expected), got, ""});
  throw ConfigError(Problem{asked_by.source->shown, asked_by.line, asked_by.column, "extends", std::move(expected),
                            in_quotes(path) + ", " + got, ""});
}

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none (RFC 3629: no overlong forms, no
// surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&byte](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

// yaml-cpp takes some control characters for the end of the file.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

std::string hexadecimal(char c) {
  std::array<char, 5> text{};
  std::snprintf(text.data(), text.size(), "0x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text.data();
}

}  // namespace

std::string read_text_file(const std::string& path, const Place& asked_by) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse(path, asked_by, "a file", "a directory");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) {
    refuse(path, asked_by, "a readable file", errno == ENOENT ? "no such file" : std::string(std::strerror(errno)));
  }
  // Reads past the limit instead of asking for the size: a pipe or /dev/zero has none.
  std::string text;
  std::array<char, 1 << 16> block{};
  while (const std::size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), count);
    if (text.size() > largest_file) refuse(path, asked_by, "a file of at most 16 MB", "a larger one");
  }
  if (std::ferror(file.get()) != 0) refuse(path, asked_by, "a readable file", std::strerror(errno));
  return text;
}

void check_utf8(std::string_view text, const Source& source) {
  int line = 1;
  int column = 1;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) {
      throw ConfigError(Problem{source.shown, line, column, "", "UTF-8 text", "the byte " + hexadecimal(text[i]), ""});
    }
    if (length == 1 && is_control(text[i])) {
      throw ConfigError(
          Problem{source.shown, line, column, "", "text", "the control character " + hexadecimal(text[i]), ""});
    }
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
    i += length;
  }
}

}  // namespace aifsim::config
