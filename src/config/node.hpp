// A YAML value that knows where it stands, and reads itself strictly.
//
// Reading never stops at the first mistake: each mistake is recorded in the Document and a harmless value is returned,
// so that Document::check() can report every problem of a file together. Usage:
//
//   config::Document document = config::Document::load("platforms/x.yaml", overrides);
//   config::Node root = document.root();
//   const int count = root.required("count").integer({.min = 1});
//   const Bytes hbm = root.required("memory").bytes();
//   const double share = root.optional("share").number_or(0.5, {.min = 0, .max = 1});
//   root.finish();        // every key that nobody asked for is a problem that names the nearest known key
//   document.check();     // throws ConfigError with all problems, sorted by place
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/precision.hpp"
#include "base/quantity.hpp"

namespace aifsim::config {

struct Range {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
};

// `--set key.path=value`. `value` is YAML text; `key` may index lists: "tiers[1].oversubscription".
struct Override {
  std::string key;
  std::string value;
};
[[nodiscard]] Override parse_override(std::string_view text);  // ConfigError when there is no '='

class Document;

class Node {
 public:
  // A map's entries. `required` records a problem when the key is missing; `optional` gives an absent Node.
  [[nodiscard]] Node required(std::string_view key) const;
  [[nodiscard]] Node optional(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> keys() const;  // in file order; asking does not mark them as known
  void finish() const;                                  // reports keys never asked for

  [[nodiscard]] bool present() const;
  explicit operator bool() const { return present(); }
  [[nodiscard]] bool is_map() const;
  [[nodiscard]] bool is_list() const;
  [[nodiscard]] bool is_scalar() const;
  [[nodiscard]] std::vector<Node> items() const;  // of a list; a problem when it is something else; empty when absent

  // Scalars. On a mistake: a problem is recorded and Range-respecting zero (or "") returned.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer(Range range = {}) const;
  [[nodiscard]] double number(Range range = {}) const;  // NaN and infinities are problems
  // One of `choices` (exact match); a problem names all of them, and the nearest. Gives the index.
  [[nodiscard]] std::size_t choice(std::span<const std::string_view> choices) const;
  [[nodiscard]] Precision precision() const;
  // Quantities are a number and a unit ("900 GB/s"); a bare number is a problem, and so are negatives, NaN, infinity.
  [[nodiscard]] Seconds seconds() const;
  [[nodiscard]] Bytes bytes() const;
  [[nodiscard]] BytesPerSecond bandwidth() const;  // Gb/s (bits) and GB/s (bytes) are told apart
  [[nodiscard]] FlopsPerSecond flop_rate() const;  // "989.4 TFLOP/s"
  [[nodiscard]] Watts watts() const;
  [[nodiscard]] Usd usd() const;  // "30000 USD" or "30000 $"

  // The same with a default for an absent node.
  [[nodiscard]] std::string text_or(std::string_view fallback) const;
  [[nodiscard]] bool boolean_or(bool fallback) const;
  [[nodiscard]] std::int64_t integer_or(std::int64_t fallback, Range range = {}) const;
  [[nodiscard]] double number_or(double fallback, Range range = {}) const;
  [[nodiscard]] std::size_t choice_or(std::size_t fallback, std::span<const std::string_view> choices) const;
  [[nodiscard]] Seconds seconds_or(Seconds fallback) const;
  [[nodiscard]] Bytes bytes_or(Bytes fallback) const;
  [[nodiscard]] BytesPerSecond bandwidth_or(BytesPerSecond fallback) const;
  [[nodiscard]] Watts watts_or(Watts fallback) const;
  [[nodiscard]] Usd usd_or(Usd fallback) const;

  // Records a problem at this node, for checks that only the caller can make.
  void problem(std::string expected, std::string got, std::string hint = {}) const;
  [[nodiscard]] const std::string& path() const;  // dotted key path from the root
  [[nodiscard]] std::string file() const;         // the file this value was written in (extends, catalogue …)
  [[nodiscard]] int line() const;

 private:
  friend class Document;
  struct State;
  explicit Node(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

class Document {
 public:
  // Reads a file, follows `extends: other.yaml` (relative to the file; deep merge; a cycle is a problem), applies the
  // overrides in order. An override that names no key the readers know becomes an unknown-key problem like the file's.
  // Throws ConfigError at once when the file cannot be read or is not YAML (missing, directory, empty, larger than
  // 16 MB, not UTF-8, syntax).
  static Document load(const std::string& path, std::span<const Override> overrides = {});
  static Document parse(std::string_view yaml, std::string file_name, std::span<const Override> overrides = {});

  [[nodiscard]] Node root() const;
  [[nodiscard]] const std::string& file() const;
  [[nodiscard]] bool has_problems() const;
  [[nodiscard]] const std::vector<Problem>& problems() const;
  void check() const;                          // throws ConfigError if there are problems, sorted by file and place
  [[nodiscard]] std::string resolved() const;  // the merged YAML with overrides applied, as text, stable

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The nearest of `known` to `word` by edit distance, or nothing if none is near.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, std::span<const std::string> known);

}  // namespace aifsim::config
