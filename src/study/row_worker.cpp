#include "study/row_worker.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.hpp"

namespace aifsim::study {
namespace {

struct Child {
  pid_t pid = -1;
  int pipe = -1;
  std::size_t index = 0;
  std::string text;
};

void write_all(int file, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(file, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) _exit(1);
    written += static_cast<std::size_t>(count);
  }
}

Child spawn(std::size_t index, const std::function<std::string(std::size_t)>& work) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw InternalError("no pipe for a row's process");
  const pid_t pid = ::fork();
  if (pid < 0) throw InternalError("no process for a row");
  if (pid == 0) {
    ::close(ends[0]);
    write_all(ends[1], work(index));
    _exit(0);  // no destructors: the parent's buffers and SimGrid's exit hooks are not this process's business
  }
  ::close(ends[1]);
  return {pid, ends[0], index, {}};
}

// Reads what there is; false at the end of the pipe.
bool drain(Child& child) {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::read(child.pipe, buffer.data(), buffer.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  child.text.append(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

// Waits for any child's output; gives the position of one that has ended, or children.size().
std::size_t wait_for_one(std::vector<Child>& children) {
  std::vector<pollfd> polls;
  for (const Child& child : children) polls.push_back({child.pipe, POLLIN, 0});
  if (::poll(polls.data(), polls.size(), -1) < 0) return children.size();
  for (std::size_t i = 0; i < children.size(); ++i) {
    if (polls[i].revents != 0 && !drain(children[i])) return i;
  }
  return children.size();
}

}  // namespace

std::vector<std::string> run_in_processes(std::size_t count, int processes,
                                          const std::function<std::string(std::size_t)>& work,
                                          const std::function<std::string(std::size_t, int)>& on_death,
                                          const std::function<void(std::size_t)>& on_progress) {
  std::vector<std::string> results(count);
  std::vector<Child> children;
  std::size_t next = 0;
  std::size_t done = 0;
  while (done < count) {
    while (next < count && children.size() < static_cast<std::size_t>(processes))
      children.push_back(spawn(next++, work));
    const std::size_t ended = wait_for_one(children);
    if (ended == children.size()) continue;
    Child child = std::move(children[ended]);
    children.erase(children.begin() + static_cast<std::ptrdiff_t>(ended));
    ::close(child.pipe);
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    results[child.index] = status == 0 ? std::move(child.text) : on_death(child.index, status);
    on_progress(++done);
  }
  return results;
}

}  // namespace aifsim::study
