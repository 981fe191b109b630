#include "report/human.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace aifsim::report {
namespace {

struct Scale {
  double factor;
  const char* unit;
};

constexpr std::array<Scale, 4> time_scales{{{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}}};
constexpr std::array<Scale, 6> byte_scales{
    {{1e15, "PB"}, {1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}, {1, "B"}}};

// `value` in the greatest unit that leaves at least 1 of `like` before the point, with as many decimals as give `like`
// that many digits.
template <std::size_t Count>
std::string scaled(double value, double like, const std::array<Scale, Count>& scales, int digits) {
  const auto* scale = std::find_if(scales.begin(), scales.end() - 1,
                                   [&](const Scale& candidate) { return std::abs(like) >= candidate.factor; });
  const double shown = std::abs(like) / scale->factor;
  const int before = shown >= 1000 ? 4 : shown >= 100 ? 3 : shown >= 10 ? 2 : 1;
  return fmt::format("{:.{}f} {}", value / scale->factor, std::max(0, digits - before), scale->unit);
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Byte offset after the first `columns` code points.
std::size_t offset_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  while (at < text.size() && columns > 0) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
    --columns;
  }
  return at;
}

}  // namespace

std::string human(Seconds time) {
  if (time == Seconds{}) return "0 s";
  return human(time, time);
}

std::string human(Seconds time, Seconds scale) { return scaled(time.in(units::s), scale.in(units::s), time_scales, 4); }

std::string human(Bytes bytes) {
  if (bytes < units::kB) return fmt::format("{:.0f} B", bytes.in(units::B));
  return scaled(bytes.in(units::B), bytes.in(units::B), byte_scales, 3);
}

std::string human_memory(Bytes bytes) { return fmt::format("{:.1f} GiB", bytes.in(units::GiB)); }

std::string human_count(double count) {
  std::string digits = fmt::format("{:.0f}", count);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string human_percent(double share) { return fmt::format("{:.1f} %", share * 100); }

std::string bar(double share, std::size_t width) {
  static constexpr std::array<const char*, 8> partial{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0)) return {};
  const double columns = std::min(share, 1.0) * static_cast<double>(width);
  const auto eighths = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(columns * 8)));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + partial[eighths % 8];
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_continuation(byte); }));
}

std::string shortened(const std::string& text, std::size_t width) {
  const std::size_t have = display_width(text);
  if (have <= width) return text;
  const std::size_t head = width / 2;
  const std::size_t tail = width - head - 1;
  return text.substr(0, offset_of(text, head)) + "…" + text.substr(offset_of(text, have - tail));
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  std::string result;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t wide = display_width(word);
    if (column > 0 && column + 1 + wide > width) {
      result += '\n' + std::string(indent, ' ');
      column = indent;
    } else if (column > 0) {
      result += ' ';
      ++column;
    }
    result += word;
    column += wide;
  }
  return result;
}

}  // namespace aifsim::report
