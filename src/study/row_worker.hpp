// Runs rows in processes of their own: one that fails takes nothing with it, and SimGrid is one engine a process.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace aifsim::study {

// Calls work(i) for i < count, each in a forked process, at most `processes` at a time, and gives the texts they
// return, in order. A process that dies gives on_death(i, how).
[[nodiscard]] std::vector<std::string> run_in_processes(std::size_t count, int processes,
                                                        const std::function<std::string(std::size_t)>& work,
                                                        const std::function<std::string(std::size_t, int)>& on_death,
                                                        const std::function<void(std::size_t)>& on_progress);

}  // namespace aifsim::study
