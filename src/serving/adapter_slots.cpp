#include "serving/adapter_slots.hpp"

#include "base/error.hpp"

namespace aifsim::serving {

bool AdapterSlots::in_use(std::uint32_t adapter) const {
  const auto found = entries_.find(adapter);
  return found != entries_.end() && found->second.users > 0;
}

AdapterSlots::Content AdapterSlots::take(std::uint32_t adapter) {
  ensure(takes(adapter), "an adapter has a slot or gets one");
  if (const auto found = entries_.find(adapter); found != entries_.end()) {
    Entry& entry = found->second;
    if (++entry.users == 1) idle_.erase(entry.place);
    return entry.there ? Content::there : Content::coming;
  }
  if (entries_.size() == slots_) {
    entries_.erase(idle_.front());
    idle_.pop_front();
  }
  entries_[adapter] = {.users = 1, .there = false, .load = ++loads_, .place = {}};
  return Content::wanting;
}

void AdapterSlots::give_back(std::uint32_t adapter) {
  Entry& entry = entries_.at(adapter);
  ensure(entry.users > 0, "who gives an adapter back has used it");
  if (--entry.users == 0) entry.place = idle_.insert(idle_.end(), adapter);
}

bool AdapterSlots::loaded(std::uint32_t adapter, std::uint64_t load) {
  const auto found = entries_.find(adapter);
  if (found == entries_.end() || found->second.load != load) return false;
  ensure(!found->second.there, "an adapter is loaded once");
  found->second.there = true;
  return true;
}

void AdapterSlots::clear() {
  entries_.clear();
  idle_.clear();
}

void AdapterSlots::check() const {
  ensure(entries_.size() <= slots_, "no more adapters are in HBM than there are slots");
  std::size_t idle = 0;
  for (const auto& [adapter, entry] : entries_) {
    ensure(entry.users >= 0, "an adapter's users are counted");
    idle += entry.users == 0 ? 1U : 0U;
  }
  ensure(idle == idle_.size(), "an adapter that nobody uses can give way");
}

}  // namespace aifsim::serving
