// CSV tables: what is read, and what a broken one says.
#include "study/table.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/error.hpp"

namespace aifsim::study {
namespace {

std::string problem_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string parsing(const std::string& text) {
  return problem_of([&] { (void)Table::parse(text, "t.csv"); });
}

TEST(Table, reads_quotes_commas_and_line_breaks) {
  const Table table = Table::parse("id,note\n1,\"a, \"\"b\"\"\nc\"\r\n\r\n2,\n", "t.csv");
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(table.columns(), (std::vector<std::string>{"id", "note"}));
  EXPECT_EQ(table.row(0).text("note"), "a, \"b\"\nc");
  EXPECT_EQ(table.row(1).line(), 5);
  EXPECT_TRUE(table.row(1).empty("note"));
  EXPECT_TRUE(table.has("id"));
  EXPECT_FALSE(table.has("di"));
}

TEST(Table, reads_numbers) {
  const Table table = Table::parse("a,b,c,d\n1e3,-0.5,n/a,\n", "t.csv");
  EXPECT_EQ(table.row(0).number("a"), 1000);
  EXPECT_EQ(table.row(0).integer("a"), 1000);
  EXPECT_EQ(table.row(0).number("b"), -0.5);
  EXPECT_EQ(table.row(0).integer_or("c", 7), 7);
  EXPECT_EQ(table.row(0).integer_or("d", 7), 7);
}

TEST(Table, explains_what_is_broken) {
  EXPECT_EQ(parsing(""), "t.csv:1:1: expected a CSV table with a header, got an empty file");
  EXPECT_EQ(parsing("\n\n"), "t.csv:1:1: expected a CSV table with a header, got an empty file");
  EXPECT_EQ(parsing("a,b\n1,2\n3\n"),
            "t.csv:3:1: expected 2 fields, as in the header, got 1 (is the table truncated?)");
  EXPECT_EQ(parsing("a,b\n1,2,3\n"), "t.csv:2:1: expected 2 fields, as in the header, got 3");
  EXPECT_EQ(parsing("a,b\n1,\"two\n3,4\n"),
            "t.csv:2:1: expected a closing quote, got the end of the file (is the table truncated?)");
  EXPECT_EQ(parsing("a,b,a\n1,2,3\n"), "t.csv:1:1: a: expected each column once, got it twice");
  EXPECT_EQ(problem_of([] { (void)Table::load("no/such.csv"); }),
            "no/such.csv: expected a CSV table, got a file that cannot be read");
  EXPECT_EQ(problem_of([] { (void)Table::load("/dev/null"); }),
            "/dev/null:1:1: expected a CSV table with a header, got an empty file");
  EXPECT_EQ(problem_of([] { (void)Table::load("/tmp"); }), "/tmp: expected a CSV table, got a directory");
}

TEST(Table, explains_fields_that_are_no_numbers) {
  const Table table = Table::parse("number,other\nabc,\n1.5,inf\n7 GB,nan\n", "t.csv");
  const auto number = [&](std::size_t row, const char* column) {
    return problem_of([&] { (void)table.row(row).number(column); });
  };
  EXPECT_EQ(number(0, "number"), "t.csv:2:1: number: expected a number, got \"abc\"");
  EXPECT_EQ(number(0, "other"), "t.csv:2:1: other: expected a number, got \"\"");
  EXPECT_EQ(number(1, "other"), "t.csv:3:1: other: expected a number, got \"inf\"");
  EXPECT_EQ(number(2, "number"), "t.csv:4:1: number: expected a number, got \"7 GB\"");
  EXPECT_EQ(number(2, "other"), "t.csv:4:1: other: expected a number, got \"nan\"");
  EXPECT_EQ(problem_of([&] { (void)table.row(1).integer("number"); }),
            "t.csv:3:1: number: expected a whole number, got \"1.5\"");
  EXPECT_EQ(number(0, "numbre"),
            "t.csv:1:1: numbre: expected a column of the table, got no such column (did you mean "
            "\"number\"?)");
}

}  // namespace
}  // namespace aifsim::study
