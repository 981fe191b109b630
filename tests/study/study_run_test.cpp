#include "study/study_run.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"

namespace aifsim::study {
namespace {

namespace fs = std::filesystem;

class StudyRun : public testing::Test {
 protected:
  StudyRun() {
    std::string path = (fs::temp_directory_path() / "aifsim-study-XXXXXX").string();
    directory_ = ::mkdtemp(path.data());
  }
  ~StudyRun() override { fs::remove_all(directory_); }

  // Each simulation leaves a mark: they run in processes of their own.
  std::string simulate(const std::vector<std::string>& arguments) const {
    std::ofstream(fs::path(directory_) / "marks", std::ios::app) << arguments.front() << '\n';
    if (arguments.front() == "bad") throw ConfigError(Problem{"f", 1, 2, "k", "good", "bad", ""});
    if (arguments.front() == "bug") throw InternalError("a law");
    if (arguments.front() == "dies") ::_exit(9);
    return "{\"of\": \"" + arguments.front() + "\"}";
  }
  std::vector<UnitResult> run(const std::vector<StudyUnit>& units, int jobs = 2) const {
    return run_units(units, {jobs, (fs::path(directory_) / "results").string(), false},
                     [this](const auto& arguments) { return simulate(arguments); });
  }
  std::size_t simulations() const {
    const std::string marks = content_of((fs::path(directory_) / "marks").string());
    return static_cast<std::size_t>(std::count(marks.begin(), marks.end(), '\n'));
  }

  std::string directory_;
};

TEST_F(StudyRun, results_come_in_order_and_failures_stay_where_they_are) {
  for (const int jobs : {1, 4}) {
    const auto results =
        run({{"u", {"a"}, {}}, {"u", {"bad"}, {}}, {"u", {"bug"}, {}}, {"u", {"dies"}, {}}, {"u", {"b"}, {}}}, jobs);
    ASSERT_EQ(results.size(), 5U);
    EXPECT_EQ(results[0].json, "{\"of\": \"a\"}");
    EXPECT_EQ(results[1].error, "f:1:2: k: expected good, got bad");
    EXPECT_FALSE(results[1].our_bug);
    EXPECT_TRUE(results[2].our_bug);
    EXPECT_TRUE(results[3].our_bug);
    EXPECT_EQ(results[4].json, "{\"of\": \"b\"}");
  }
}

TEST_F(StudyRun, equal_units_run_once) {
  const auto results = run({{"u", {"a"}, {}}, {"u", {"a"}, {}}, {"u", {"a"}, {}}});
  EXPECT_EQ(simulations(), 1U);
  EXPECT_EQ(results[2].json, results[0].json);
}

TEST_F(StudyRun, what_is_kept_is_not_simulated_again_until_its_inputs_change) {
  (void)run({{"u", {"a"}, "1"}, {"u", {"bad"}, "1"}});
  EXPECT_EQ(simulations(), 2U);
  const auto again = run({{"u", {"a"}, "1"}, {"u", {"bad"}, "1"}, {"u", {"c"}, "1"}});
  EXPECT_EQ(simulations(), 4U) << "the failed one and the new one";
  EXPECT_EQ(again[0].json, "{\"of\":\"a\"}");
  (void)run({{"u", {"a"}, "2"}});
  EXPECT_EQ(simulations(), 5U);
}

TEST_F(StudyRun, a_damaged_result_is_simulated_again) {
  (void)run({{"u", {"a"}, "1"}});
  for (const auto& entry : fs::directory_iterator(fs::path(directory_) / "results"))
    std::ofstream(entry.path()) << "{\"in";
  EXPECT_EQ(run({{"u", {"a"}, "1"}})[0].json, "{\"of\": \"a\"}");
  EXPECT_EQ(simulations(), 2U);
}

TEST_F(StudyRun, a_place_that_cannot_be_written_is_the_users_mistake) {
  const std::string file = (fs::path(directory_) / "file").string();
  std::ofstream(file) << "x";
  EXPECT_THROW((void)run_units({{"u", {"a"}, "1"}}, {1, file + "/results", false}, [](const auto&) { return "{}"; }),
               ConfigError);
}

TEST(Digest, tells_texts_apart_and_knows_them_again) {
  EXPECT_EQ(digest("abc"), digest("abc"));
  EXPECT_NE(digest("abc"), digest("abd"));
  EXPECT_EQ(digest(""), "cbf29ce484222325") << "FNV-1a's offset basis";
  EXPECT_EQ(digest("a"), "af63dc4c8601ec8c") << "FNV-1a's published test value";
}

}  // namespace
}  // namespace aifsim::study
