#include "report/svg.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "report/human.hpp"

namespace aifsim::report {
namespace {

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += c;
    }
  }
  return safe;
}

// At most two decimals: fractions of a pixel do not show.
std::string number(double value) {
  const double rounded = std::round(value * 100) / 100;
  return fmt::format("{}", rounded == 0 ? 0.0 : rounded);
}

const char* name_of(Svg::Anchor anchor) {
  switch (anchor) {
    case Svg::Anchor::middle: return "middle";
    case Svg::Anchor::end: return "end";
    case Svg::Anchor::start: break;
  }
  return "start";
}

}  // namespace

Svg::Svg(double width, double height) {
  body_ = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"Helvetica, Arial, sans-serif\">\n",
      number(width), number(height));
  rectangle(0, 0, width, height, "#ffffff");
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view colour) {
  body_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", number(x), number(y),
                       number(width), number(height), colour);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view colour, double width, bool dashed) {
  body_ +=
      fmt::format("<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{}/>\n", number(x1),
                  number(y1), number(x2), number(y2), colour, number(width), dashed ? " stroke-dasharray=\"4 3\"" : "");
}

void Svg::circle(double x, double y, double radius, std::string_view colour) {
  body_ +=
      fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>\n", number(x), number(y), number(radius), colour);
}

void Svg::path(std::string_view points, std::string_view colour) {
  body_ += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", points, colour);
}

void Svg::text(double x, double y, std::string_view text, Anchor anchor, double size, bool bold) {
  body_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" text-anchor=\"{}\" fill=\"#222222\"{}>{}</text>\n",
                       number(x), number(y), number(size), name_of(anchor), bold ? " font-weight=\"bold\"" : "",
                       escaped(text));
}

void Svg::vertical_text(double x, double y, std::string_view text) {
  body_ += fmt::format(
      "<text x=\"{0}\" y=\"{1}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#222222\" transform=\"rotate(-90 {0} "
      "{1})\">{2}</text>\n",
      number(x), number(y), escaped(text));
}

std::string Svg::finish() const { return body_ + "</svg>\n"; }

// Helvetica's letters are about 0.55 as wide as high.
double Svg::text_width(std::string_view text, double size) {
  return 0.55 * size * static_cast<double>(display_width(text));
}

std::string mark_text(double value) {
  struct Prefix {
    double factor;
    const char* text;
  };
  constexpr std::array<Prefix, 3> prefixes{{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  const double size = std::abs(value);
  for (const Prefix& prefix : prefixes) {
    if (size >= prefix.factor * 0.9999999 && size >= 1e4)
      return fmt::format("{:.3g}{}", value / prefix.factor, prefix.text);
  }
  return fmt::format("{:.4g}", value);
}

std::string_view colour_of(std::size_t index) {
  constexpr std::array<std::string_view, 7> colours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                    "#e69f00", "#56b4e9", "#555555"};
  return colours[index % colours.size()];
}

}  // namespace aifsim::report
