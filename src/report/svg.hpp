// An SVG picture under construction. Internal to report/.
#pragma once

#include <string>
#include <string_view>

namespace aifsim::report {

class Svg {
 public:
  Svg(double width, double height);
  enum class Anchor { start, middle, end };
  void rectangle(double x, double y, double width, double height, std::string_view colour);
  void line(double x1, double y1, double x2, double y2, std::string_view colour, double width = 1, bool dashed = false);
  void circle(double x, double y, double radius, std::string_view colour);
  void path(std::string_view points, std::string_view colour);
  void text(double x, double y, std::string_view text, Anchor anchor = Anchor::start, double size = 12,
            bool bold = false);
  void vertical_text(double x, double y, std::string_view text);
  [[nodiscard]] std::string finish() const;

  [[nodiscard]] static double text_width(std::string_view text, double size);  // roughly: to make room for it

 private:
  std::string body_;
};

// "1.2k", "35 M", "0.0125": for the marks of an axis.
[[nodiscard]] std::string mark_text(double value);
// A colour for the i-th of several, distinguishable with colour-blind eyes (Okabe and Ito, 2008).
[[nodiscard]] std::string_view colour_of(std::size_t index);

}  // namespace aifsim::report
