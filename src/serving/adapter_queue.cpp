#include "serving/adapter_queue.hpp"

#include "base/error.hpp"

namespace aifsim::serving {

void AdapterQueue::add(std::uint32_t adapter, Place place) {
  Line& line = lines_[adapter];
  if (!line.places.empty()) heads(line).erase(*line.places.begin());
  line.places.insert(place);
  heads(line).insert(*line.places.begin());
  ++size_;
}

std::optional<AdapterQueue::Place> AdapterQueue::first(const AdapterSlots& slots) const {
  std::optional<Place> found;
  if (!heads_in_use_.empty()) found = *heads_in_use_.begin();
  if (heads_.empty() || !slots.any_to_give()) return found;
  return found ? std::min(*found, *heads_.begin()) : *heads_.begin();
}

void AdapterQueue::remove(std::uint32_t adapter, Place place) {
  const auto found = lines_.find(adapter);
  ensure(found != lines_.end() && *found->second.places.begin() == place, "the first of a line leaves it");
  Line& line = found->second;
  heads(line).erase(place);
  line.places.erase(line.places.begin());
  --size_;
  if (line.places.empty()) {
    lines_.erase(found);
  } else {
    heads(line).insert(*line.places.begin());
  }
}

void AdapterQueue::use_changed(std::uint32_t adapter, bool in_use) {
  const auto found = lines_.find(adapter);
  if (found == lines_.end() || found->second.in_use == in_use) return;
  Line& line = found->second;
  heads(line).erase(*line.places.begin());
  line.in_use = in_use;
  heads(line).insert(*line.places.begin());
}

}  // namespace aifsim::serving
