// Rules, bars and colours of the text report.
#pragma once

#include <string>

#include "report/human.hpp"
#include "report/writer.hpp"

namespace aifsim::report {

inline constexpr std::size_t page_width = 100;

struct Pen {
  explicit Pen(Style style) : on(style.colour) {}
  bool on;
  [[nodiscard]] std::string bold(const std::string& text) const { return on ? "\033[1m" + text + "\033[0m" : text; }
  [[nodiscard]] std::string dim(const std::string& text) const { return on ? "\033[2m" + text + "\033[0m" : text; }
  [[nodiscard]] std::string rule(const std::string& title) const {
    const std::size_t used = display_width(title) + 1;
    std::string line;
    for (std::size_t i = used; i < page_width; ++i) line += "─";
    return bold(title) + ' ' + dim(line) + '\n';
  }
  // Bars are coloured after the table is laid out, since escapes have no width.
  [[nodiscard]] std::string paint_bars(const std::string& text, const char* colour) const {
    if (!on) return text;
    std::string painted;
    bool inside = false;
    for (std::size_t at = 0; at < text.size();) {
      // U+2588 … U+258F, the blocks that bar() draws, are E2 96 88 … E2 96 8F.
      const bool block = text.compare(at, 2, "\xE2\x96") == 0;
      if (block != inside) painted += block ? colour : "\033[0m";
      inside = block;
      const std::size_t bytes = block ? 3 : 1;
      painted += text.substr(at, bytes);
      at += bytes;
    }
    return painted + (inside ? "\033[0m" : "");
  }
};

inline constexpr const char* cyan = "\033[36m";
inline constexpr const char* yellow = "\033[33m";
inline constexpr const char* green = "\033[32m";

}  // namespace aifsim::report
