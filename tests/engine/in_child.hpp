// Runs a piece of a test in a process of its own, for a process can hold one SimGrid engine only.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <vector>

namespace aifsim::test {

namespace detail {

inline void write_all(int to, const std::vector<double>& values) {
  const char* data = reinterpret_cast<const char*>(values.data());
  for (std::size_t left = values.size() * sizeof(double); left > 0;) {
    const ssize_t written = ::write(to, data, left);
    if (written <= 0) _exit(3);
    data += written;
    left -= static_cast<std::size_t>(written);
  }
}

inline std::vector<double> read_all(int from) {
  std::vector<char> bytes;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(from, buffer, sizeof buffer)) > 0;)
    bytes.insert(bytes.end(), buffer, buffer + got);
  std::vector<double> values(bytes.size() / sizeof(double));
  std::copy_n(bytes.data(), values.size() * sizeof(double), reinterpret_cast<char*>(values.data()));
  return values;
}

}  // namespace detail

// What `work` returns, computed in a child process; throws when the child fails.
template <typename Work>
std::vector<double> in_child(Work work) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("pipe");
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      detail::write_all(ends[1], work());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "in child: %s\n", error.what());
      _exit(2);
    }
    _exit(0);
  }
  ::close(ends[1]);
  std::vector<double> values = detail::read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) throw std::runtime_error("the child process failed");
  return values;
}

}  // namespace aifsim::test
