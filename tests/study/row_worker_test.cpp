// Processes for rows: results in order, and a death that takes nothing with it.
#include "study/row_worker.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace aifsim::study {
namespace {

std::vector<std::string> run(std::size_t count, int processes, const std::function<std::string(std::size_t)>& work) {
  return run_in_processes(
      count, processes, work, [](std::size_t i, int) { return "row " + std::to_string(i) + " died"; },
      [](std::size_t) {});
}

TEST(RowWorker, gives_results_in_order_whoever_ends_first) {
  const auto work = [](std::size_t i) {
    ::usleep(static_cast<useconds_t>(2000 * (5 - i)));
    return std::to_string(i);
  };
  EXPECT_EQ(run(6, 1, work), (std::vector<std::string>{"0", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(run(6, 4, work), run(6, 1, work));
}

TEST(RowWorker, a_death_is_that_rows_alone) {
  const auto work = [](std::size_t i) -> std::string {
    if (i == 1) ::raise(SIGKILL);
    if (i == 2) std::_Exit(3);
    return "fine";
  };
  EXPECT_EQ(run(4, 2, work), (std::vector<std::string>{"fine", "row 1 died", "row 2 died", "fine"}));
}

TEST(RowWorker, carries_long_texts) {
  const auto work = [](std::size_t i) { return std::string(300000 + i, 'x'); };
  const auto texts = run(3, 3, work);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i].size(), 300000 + i);
}

TEST(RowWorker, counts_what_is_done) {
  std::vector<std::size_t> counts;
  (void)run_in_processes(
      3, 2, [](std::size_t) { return std::string(); }, [](std::size_t, int) { return std::string(); },
      [&](std::size_t done) { counts.push_back(done); });
  EXPECT_EQ(counts, (std::vector<std::size_t>{1, 2, 3}));
}

TEST(RowWorker, has_nothing_to_do_for_no_rows) {
  EXPECT_TRUE(run(0, 2, [](std::size_t) { return std::string(); }).empty());
}

}  // namespace
}  // namespace aifsim::study
