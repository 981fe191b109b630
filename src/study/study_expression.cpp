#include "study/study_expression.hpp"

#include <charconv>
#include <cmath>

#include "base/error.hpp"

namespace aifsim::study {

// Recursive descent; each rule leaves its value on the stack machine's stack.
class ExpressionParser {
 public:
  explicit ExpressionParser(std::string_view text) : words_(words_of(text)) {}

  Expression parse() {
    sum();
    if (at_ < words_.size()) throw Expression::Mistake("an operator before \"" + words_[at_] + '"');
    return std::move(result_);
  }

 private:
  using Kind = Expression::Step::Kind;

  static std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words{""};
    for (const char c : text) {
      const bool stands_alone = c == '(' || c == ')';
      if (c == ' ' || stands_alone)
        words.emplace_back();
      else
        words.back() += c;
      if (stands_alone) words.insert(words.end() - 1, std::string(1, c));
    }
    std::erase(words, "");
    return words;
  }

  bool take(std::string_view word) {
    if (at_ == words_.size() || words_[at_] != word) return false;
    ++at_;
    return true;
  }
  void put(Kind kind) { result_.steps_.push_back({.kind = kind, .number = 0, .key = {}}); }

  void sum() {
    product();
    for (;;) {
      const bool adds = take("+");
      if (!adds && !take("-")) return;
      product();
      put(adds ? Kind::add : Kind::subtract);
    }
  }

  void product() {
    operand();
    for (;;) {
      const bool multiplies = take("*");
      if (!multiplies && !take("/")) return;
      operand();
      put(multiplies ? Kind::multiply : Kind::divide);
    }
  }

  void operand() {
    constexpr std::size_t deepest = 100;
    if (take("(")) {
      if (++depth_ > deepest) throw Expression::Mistake("fewer parentheses");
      sum();
      --depth_;
      if (!take(")")) throw Expression::Mistake("a closing parenthesis");
      return;
    }
    if (at_ == words_.size()) throw Expression::Mistake("a key or a number at the end");
    const std::string& word = words_[at_];
    if (word.find_first_of("()") != std::string::npos || word == "+" || word == "-" || word == "*" || word == "/") {
      throw Expression::Mistake("a key or a number before \"" + word + '"');
    }
    ++at_;
    double number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error == std::errc{} && end == word.data() + word.size() && std::isfinite(number)) {
      result_.steps_.push_back({.kind = Kind::number, .number = number, .key = {}});
    } else {
      result_.steps_.push_back({.kind = Kind::key, .number = 0, .key = word});
      result_.keys_.push_back(word);
    }
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  Expression result_;
};

Expression Expression::parse(std::string_view text) { return ExpressionParser(text).parse(); }

Figure Expression::value(const std::function<Figure(const std::string&)>& lookup) const {
  if (steps_.size() == 1 && steps_.front().kind == Step::Kind::key) return lookup(steps_.front().key);
  std::vector<double> stack;
  for (const Step& step : steps_) {
    if (step.kind == Step::Kind::number) {
      stack.push_back(step.number);
      continue;
    }
    if (step.kind == Step::Kind::key) {
      const Figure figure = lookup(step.key);
      const double* number = std::get_if<double>(&figure);
      if (number == nullptr) return {};
      stack.push_back(*number);
      continue;
    }
    ensure(stack.size() >= 2, "an operator has two operands");
    const double right = stack[stack.size() - 1];
    double& left = stack[stack.size() - 2];
    switch (step.kind) {
      case Step::Kind::add: left += right; break;
      case Step::Kind::subtract: left -= right; break;
      case Step::Kind::multiply: left *= right; break;
      default: left /= right; break;
    }
    if (!std::isfinite(left)) return {};
    stack.pop_back();
  }
  Figure result;
  if (!stack.empty()) result.emplace<double>(stack.front());
  return result;
}

}  // namespace aifsim::study
