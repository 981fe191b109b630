#include "collective/step_holdings.hpp"

#include <algorithm>

namespace aifsim::collective {
namespace {

bool reduces(Operation operation) {
  return operation == Operation::all_reduce || operation == Operation::reduce_scatter || operation == Operation::reduce;
}

std::size_t words_of(const StepList& list) { return reduces(list.operation) ? (list.ranks + 63) / 64 : 1; }

}  // namespace

Holdings::Holdings(const StepList& list)
    : list_(&list), words_(words_of(list)), contains_(static_cast<std::size_t>(list.ranks) * list.chunks * words_, 0) {
  for (std::uint32_t rank = 0; rank < list.ranks; ++rank) {
    for (std::uint32_t chunk = 0; chunk < list.chunks; ++chunk) {
      bool begins = true;
      if (list.operation == Operation::broadcast) begins = rank == 0;
      if (list.operation == Operation::all_gather) begins = owner(chunk) == rank;
      if (list.operation == Operation::all_to_all) begins = chunk / list.ranks == rank;
      if (!begins) continue;
      const std::uint32_t bit = reduces() ? rank : 0;
      contains_[at(rank, chunk) + bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
}

double Holdings::bits(const StepList& list) {
  return 64.0 * static_cast<double>(list.ranks) * list.chunks * static_cast<double>(words_of(list));
}

bool Holdings::reduces() const { return collective::reduces(list_->operation); }

bool Holdings::has(std::uint32_t rank, std::uint32_t chunk) const {
  const auto first = contains_.begin() + static_cast<std::ptrdiff_t>(at(rank, chunk));
  return std::any_of(first, first + static_cast<std::ptrdiff_t>(words_), [](std::uint64_t word) { return word != 0; });
}

bool Holdings::deliver(const Holdings& before, const StepList::Send& send, std::uint32_t chunk) {
  const std::size_t from = at(send.from, chunk), to = at(send.to, chunk);
  bool once = true;
  for (std::size_t i = 0; i < words_; ++i) {
    const std::uint64_t sent = before.contains_[from + i];
    if (send.reduce) once = once && (contains_[to + i] & sent) == 0;
    contains_[to + i] = send.reduce ? contains_[to + i] | sent : sent;
  }
  return once;
}

bool Holdings::lacks(std::uint32_t rank, std::uint32_t chunk) const {
  const Operation operation = list_->operation;
  if (operation == Operation::reduce && rank != 0) return false;
  if (operation == Operation::reduce_scatter && owner(chunk) != rank) return false;
  if (operation == Operation::all_to_all && chunk % list_->ranks != rank) return false;
  const std::uint32_t contributors = reduces() ? list_->ranks : 1;
  for (std::uint32_t i = 0; i < contributors; ++i) {
    if ((contains_[at(rank, chunk) + i / 64] >> (i % 64) & 1U) == 0) return true;
  }
  return false;
}

}  // namespace aifsim::collective
