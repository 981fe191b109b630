// A figure of a study's table: a key of the results ("job.step_time_s") or arithmetic on some.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace aifsim::study {

// Nothing where a case has no such result.
using Figure = std::variant<std::monostate, double, std::string>;

// "a.b / ( c.d + 2 )". A word that is no number and no operator is a key: operators stand between blanks, so that keys
// may hold any other character. `*` and `/` bind tighter than `+` and `-`.
class Expression {
 public:
  class Mistake : public std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  Expression() = default;
  [[nodiscard]] static Expression parse(std::string_view text);  // Mistake: what was expected

  [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }
  // A lone key gives what it stands for, text too. Otherwise nothing if a key gives no number or a divisor is zero.
  [[nodiscard]] Figure value(const std::function<Figure(const std::string&)>& lookup) const;

 private:
  struct Step {  // of a stack machine
    enum class Kind { number, key, add, subtract, multiply, divide };
    Kind kind = Kind::number;
    double number = 0;
    std::string key;
  };
  friend class ExpressionParser;

  std::vector<Step> steps_;
  std::vector<std::string> keys_;
};

}  // namespace aifsim::study
