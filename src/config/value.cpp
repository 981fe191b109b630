#include "config/value.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "config/number_text.hpp"

namespace aifsim::config {

const Value* Value::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(), [key](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool starts_character = (byte & 0xC0U) != 0x80U;
    if (i >= longest && starts_character) return shown + "…\"";
    if (byte == '\n') {
      shown += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      std::array<char, 5> escaped{};
      std::snprintf(escaped.data(), escaped.size(), "\\x%02x", static_cast<unsigned>(byte));
      shown += escaped.data();
    } else {
      shown += text[i];
    }
  }
  return shown + '"';
}

std::string described(const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: return "nothing";
    case Value::Kind::list: return "a list";
    case Value::Kind::map: return "a map";
    case Value::Kind::scalar: break;
  }
  const bool plain = !value.quoted && (whole_number(value.scalar) || value.scalar == "true" || value.scalar == "false");
  return plain ? value.scalar : in_quotes(value.scalar);
}

std::size_t size_of(const Value& value) {
  std::size_t size = 1;
  for (const Value& item : value.items) size += size_of(item);
  for (const Entry& entry : value.entries) size += size_of(entry.value);
  return size;
}

Value merged(Value base, Value child) {
  if (!base.is(Value::Kind::map) || !child.is(Value::Kind::map)) return child;
  base.place = child.place;
  for (Entry& entry : child.entries) {
    if (Value* old = base.find(entry.key)) {
      *old = merged(std::move(*old), std::move(entry.value));
    } else {
      base.entries.push_back(std::move(entry));
    }
  }
  return base;
}

}  // namespace aifsim::config
