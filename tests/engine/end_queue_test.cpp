#include "engine/end_queue.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "engine/flow_case.hpp"

namespace aifsim::engine {
namespace {

TEST(EndQueue, AgreesWithASortedSetUnderRandomChanges) {
  test::Dice dice(1);
  EndQueue queue;
  std::map<EndQueue::Index, double> times;
  std::set<std::pair<double, EndQueue::Index>> sorted;
  const auto forget = [&](EndQueue::Index flow) {
    if (const auto known = times.find(flow); known != times.end()) {
      sorted.erase({known->second, flow});
      times.erase(known);
    }
  };
  for (int step = 0; step < 20'000; ++step) {
    const auto flow = static_cast<EndQueue::Index>(dice.below(200));
    forget(flow);
    if (dice.one_in(3)) {
      queue.erase(flow);
    } else {
      const double when = static_cast<double>(dice.below(100));  // ties are common
      queue.set(flow, when);
      times[flow] = when;
      sorted.emplace(when, flow);
    }
    ASSERT_EQ(queue.empty(), sorted.empty());
    if (sorted.empty()) continue;
    ASSERT_EQ(queue.next(), sorted.begin()->first);
    ASSERT_EQ(queue.first(), sorted.begin()->second);
  }
}

}  // namespace
}  // namespace aifsim::engine
