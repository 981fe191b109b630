#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

#include "config/value.hpp"

namespace aifsim::config {
namespace {

bool is_flat(const Value& list) {
  for (const Value& item : list.items) {
    if (!item.is(Value::Kind::scalar)) return false;
  }
  return true;
}

void emit(YAML::Emitter& out, const Value& value) {
  switch (value.kind) {
    case Value::Kind::null: out << YAML::Null; return;
    case Value::Kind::scalar:
      if (value.quoted) out << YAML::DoubleQuoted;
      out << value.scalar;
      return;
    case Value::Kind::list:
      out << (is_flat(value) ? YAML::Flow : YAML::Block) << YAML::BeginSeq;
      for (const Value& item : value.items) emit(out, item);
      out << YAML::EndSeq;
      return;
    case Value::Kind::map:
      out << (value.entries.empty() ? YAML::Flow : YAML::Block) << YAML::BeginMap;
      for (const Entry& entry : value.entries) {
        out << YAML::Key << entry.key << YAML::Value;
        emit(out, entry.value);
      }
      out << YAML::EndMap;
      return;
  }
}

}  // namespace

std::string to_yaml(const Value& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str()) + '\n';
}

}  // namespace aifsim::config
