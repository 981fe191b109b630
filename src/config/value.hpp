// The tree behind config::Node: YAML values that remember where they were written. Internal to config/.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aifsim::config {

// A file, or one `--set`.
struct Source {
  std::string file;   // "--set" for an override: paths in it are relative to the working directory
  std::string shown;  // as problems name it: the file, or "--set key=value"
};

struct Place {
  std::shared_ptr<const Source> source;
  int line = 0;
  int column = 0;
};

struct Entry;

struct Value {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  Place place;
  std::string scalar;
  bool quoted = false;
  std::vector<Value> items;
  std::vector<Entry> entries;

  // What readers did with this value; not part of it.
  mutable std::vector<std::string> asked_keys;
  mutable bool kind_reported = false;

  [[nodiscard]] bool is(Kind other) const { return kind == other; }
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
};

struct Entry {
  std::string key;
  Place place;
  Value value;
};

// The value as a message shows it: 400, "400 Gb", a list, nothing.
[[nodiscard]] std::string described(const Value& value);
// `text` in quotes, shortened, control characters escaped.
[[nodiscard]] std::string in_quotes(std::string_view text);
[[nodiscard]] std::size_t size_of(const Value& value);  // number of values in the tree

// Deep merge for `extends`: maps merge key by key, anything else in `child` replaces what `base` says.
[[nodiscard]] Value merged(Value base, Value child);

// YAML text that reads back as the same values.
[[nodiscard]] std::string to_yaml(const Value& value);

}  // namespace aifsim::config
