// The keys of a part's results that a column may name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aifsim::study {

// "rows[].time_us": [] stands for a position (".0" in a column), <…> for any word, a last <…> for any words.
[[nodiscard]] std::vector<std::string_view> result_keys(std::string_view command);
[[nodiscard]] bool fits(std::string_view pattern, std::string_view key);
// Where results lie in the JSON of the command: columns say job.step_time_s, the report jobs[0].step_time_s.
[[nodiscard]] std::string_view result_root(std::string_view command);

}  // namespace aifsim::study
