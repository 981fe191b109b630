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

// The bytes that may stand second after a first byte of a sequence, and how long the sequence is (RFC 3629, section 4:
// no overlong forms, no surrogates, nothing above U+10FFFF). Later bytes are 0x80 to 0xBF.
struct SequenceForm {
  unsigned first_low, first_high;
  unsigned second_low, second_high;
  std::size_t length;
};
constexpr std::array sequence_forms{SequenceForm{0xC2, 0xDF, 0x80, 0xBF, 2}, SequenceForm{0xE0, 0xE0, 0xA0, 0xBF, 3},
                                    SequenceForm{0xE1, 0xEC, 0x80, 0xBF, 3}, SequenceForm{0xED, 0xED, 0x80, 0x9F, 3},
                                    SequenceForm{0xEE, 0xEF, 0x80, 0xBF, 3}, SequenceForm{0xF0, 0xF0, 0x90, 0xBF, 4},
                                    SequenceForm{0xF1, 0xF3, 0x80, 0xBF, 4}, SequenceForm{0xF4, 0xF4, 0x80, 0x8F, 4}};

unsigned byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

bool is_sequence(std::string_view text, const SequenceForm& form) {
  if (text.size() != form.length) return false;
  if (byte_at(text, 1) < form.second_low || byte_at(text, 1) > form.second_high) return false;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (byte_at(text, i) < 0x80 || byte_at(text, i) > 0xBF) return false;
  }
  return true;
}

// Length of the valid UTF-8 sequence at the start of `text`, 0 if there is none.
std::size_t sequence_length(std::string_view text) {
  const unsigned first = byte_at(text, 0);
  if (first < 0x80) return 1;
  for (const SequenceForm& form : sequence_forms) {
    if (first < form.first_low || first > form.first_high) continue;
    return is_sequence(text.substr(0, form.length), form) ? form.length : 0;
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
