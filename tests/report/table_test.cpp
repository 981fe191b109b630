#include "report/table.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace aifsim::report {
namespace {

TEST(Table, columns_line_up_whatever_their_bytes) {
  Table table({{"name"}, {"GB", Align::right}, {"bar"}});
  table.row({"leaf1→spine0", "7", "█"});
  table.row({"x", "1234", ""});
  EXPECT_EQ(table.text(),
            "  name            GB  bar\n"
            "  leaf1→spine0     7  █\n"
            "  x             1234\n");
}

TEST(Table, no_titles_no_title_line) {
  Table table({{""}, {"", Align::right}}, 0);
  table.row({"a", "1"});
  EXPECT_EQ(table.text(), "a  1\n");
}

TEST(Table, long_cells_lose_their_middle) {
  Table table({{"", Align::left, 5}}, 0);
  table.row({"abcdefgh"});
  EXPECT_EQ(table.text(), "ab…gh\n");
}

TEST(Table, a_row_of_another_width_is_our_bug) {
  Table table({{"a"}});
  EXPECT_THROW(table.row({"1", "2"}), InternalError);
}

}  // namespace
}  // namespace aifsim::report
