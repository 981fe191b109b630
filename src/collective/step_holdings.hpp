// Who holds which chunk, and whose contributions are in it.
#pragma once

#include "collective/step_list.hpp"

namespace aifsim::collective {

class Holdings {
 public:
  // As the operation begins.
  explicit Holdings(const StepList& list);
  // Of one bit for each contribution: what the check keeps in memory.
  [[nodiscard]] static double bits(const StepList& list);

  [[nodiscard]] bool has(std::uint32_t rank, std::uint32_t chunk) const;
  // What `from` held when `before` was copied goes to `to`. False when a contribution would be added twice.
  bool deliver(const Holdings& before, const StepList::Send& send, std::uint32_t chunk);
  // The operation promises this chunk to the rank, and the rank does not have all of it.
  [[nodiscard]] bool lacks(std::uint32_t rank, std::uint32_t chunk) const;

 private:
  [[nodiscard]] std::size_t at(std::uint32_t rank, std::uint32_t chunk) const {
    return (static_cast<std::size_t>(rank) * list_->chunks + chunk) * words_;
  }
  [[nodiscard]] bool reduces() const;
  [[nodiscard]] std::uint32_t owner(std::uint32_t chunk) const { return chunk / (list_->chunks / list_->ranks); }

  const StepList* list_;
  std::size_t words_ = 1;                // of one chunk
  std::vector<std::uint64_t> contains_;  // contributors; one bit where nothing is reduced
};

}  // namespace aifsim::collective
