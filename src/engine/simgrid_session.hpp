// The process's one SimGrid engine: its options, its silence, and how its activities report that they have ended.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <simgrid/s4u/Activity.hpp>

namespace simgrid::kernel::resource {
class Action;
class Model;
class StandardLinkImpl;
}  // namespace simgrid::kernel::resource
namespace simgrid::s4u {
class Host;
class Link;
}  // namespace simgrid::s4u

namespace aifsim::engine {

[[nodiscard]] const std::vector<std::string>& session_options();

// Makes the engine with `clock` as its first model, so that `clock` is asked before SimGrid's own models what comes
// next and may start activities then. Throws InternalError the second time in a process.
void open_session(std::shared_ptr<simgrid::kernel::resource::Model> clock);
void run_session();

// Hosts and links may be made at any time; all lie in one zone.
[[nodiscard]] simgrid::s4u::Host* make_host(const std::string& name, double speed);
[[nodiscard]] simgrid::s4u::Link* make_link(const std::string& name, double bandwidth);
// What a communication between any two hosts that starts now crosses, in order.
[[nodiscard]] std::vector<simgrid::kernel::resource::StandardLinkImpl*>& route_of_next_communication();

// The action behind an activity that was started just now: the newest of its model. It is SimGrid's public handle to
// what s4u hides (exact sizes, bounds and shares).
[[nodiscard]] simgrid::kernel::resource::Action* newest_action(const simgrid::kernel::resource::Model& model);
// The model of the given name ("Cpu_Cas01", "Network_CM02").
[[nodiscard]] simgrid::kernel::resource::Model& model_named(const std::string& name);

// The completion callback of every activity in the process.
void report_end(const simgrid::s4u::Activity& activity);

// Activities under way. SimGrid holds no owning reference to one: it must be kept until after its completion callback.
class ActivityTable {
 public:
  // Called with the number under which the activity was added.
  explicit ActivityTable(std::function<void(std::uint32_t)> ended) : ended_(std::move(ended)) {}
  ~ActivityTable();  // activities that have not ended stay with SimGrid
  ActivityTable(const ActivityTable&) = delete;
  ActivityTable& operator=(const ActivityTable&) = delete;
  std::uint32_t add(simgrid::s4u::ActivityPtr activity);
  // Ends an activity before its time, without a report; returns what it still had to do.
  double cancel(std::uint32_t number);
  // Frees those that have ended. Not from within a completion callback.
  void clear_ended();

 private:
  struct Entry {
    ActivityTable* table = nullptr;
    std::uint32_t number = 0;
    simgrid::s4u::ActivityPtr activity;
  };
  friend void report_end(const simgrid::s4u::Activity& activity);

  std::function<void(std::uint32_t)> ended_;
  std::deque<Entry> entries_;  // a deque: activities point at their entries
  std::vector<std::uint32_t> free_, dead_;
  std::vector<simgrid::s4u::ActivityPtr> cancelled_;  // SimGrid comes back to them when their actions have failed
};

}  // namespace aifsim::engine
