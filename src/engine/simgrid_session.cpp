#include "engine/simgrid_session.hpp"

#include <utility>

#include <simgrid/version.h>
#include <xbt/log.h>
#include <simgrid/kernel/resource/Model.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u/Engine.hpp>
#include <simgrid/s4u/Host.hpp>
#include <simgrid/s4u/Link.hpp>
#include <simgrid/s4u/NetZone.hpp>

#include "base/error.hpp"
#include "engine/simgrid_executor.hpp"

namespace aifsim::engine {
namespace {

// Where hosts and links are made. It has no parent, for SimGrid seals the root zone and all below it when a run starts,
// and nothing can be made there afterwards; so it takes its models from the root zone by hand.
class OpenZone final : public simgrid::kernel::routing::NetZoneImpl {
 public:
  explicit OpenZone(const NetZoneImpl& root) : NetZoneImpl("fabric") {
    set_network_model(root.get_network_model());
    set_cpu_pm_model(root.get_cpu_pm_model());
    set_cpu_vm_model(root.get_cpu_vm_model());
    set_disk_model(root.get_disk_model());
    set_host_model(root.get_host_model());
  }
  void get_local_route(const simgrid::kernel::routing::NetPoint* /*source*/,
                       const simgrid::kernel::routing::NetPoint* /*destination*/, simgrid::kernel::routing::Route* into,
                       double* /*latency*/) override {
    into->link_list_ = route;
  }
  std::vector<simgrid::kernel::resource::StandardLinkImpl*> route;
};

OpenZone* zone = nullptr;  // as long as the engine

}  // namespace

const std::vector<std::string>& session_options() {
  // SimGrid's defaults are for TCP over wide areas. Precision: flows of nanoseconds in runs of hours.
  static const std::vector<std::string> options = {
      "network/model:CM02",      "network/TCP-gamma:0",  "network/crosstraffic:0",
      "network/weight-S:0",      "surf/precision:1e-13", "maxmin/precision:1e-12",
#ifdef AIFSIM_SANITIZED
      "contexts/factory:thread",
#endif
  };
  return options;
}

void open_session(std::shared_ptr<simgrid::kernel::resource::Model> clock) {
  ensure(!simgrid::s4u::Engine::is_initialized(), "a process has one SimGrid engine");
  xbt_log_control_set("root.thres:error");
  static simgrid::s4u::Engine engine("aifsim");
  for (const std::string& option : session_options()) simgrid::s4u::Engine::set_config(option);
  engine.add_model(std::move(clock));
  zone = new OpenZone(*simgrid::s4u::create_empty_zone("root")->get_impl());
  simgrid::s4u::Activity::on_completion_cb(report_end);
}

simgrid::s4u::Host* make_host(const std::string& name, double speed) {
  auto* host = zone->get_iface()->create_host(name, speed);
  host->seal();
  return host;
}

simgrid::s4u::Link* make_link(const std::string& name, double bandwidth) {
  auto* link = zone->get_iface()->create_link(name, bandwidth);
  link->set_latency(0.0);
  link->seal();
  return link;
}

std::vector<simgrid::kernel::resource::StandardLinkImpl*>& route_of_next_communication() { return zone->route; }

void run_session() { simgrid::s4u::Engine::get_instance()->run(); }

simgrid::kernel::resource::Action* newest_action(const simgrid::kernel::resource::Model& model) {
  // get_started_action_set() is const in all but name.
  auto* started = const_cast<simgrid::kernel::resource::Model&>(model).get_started_action_set();
  ensure(!started->empty(), "a started activity has an action");
  return &started->back();
}

simgrid::kernel::resource::Model& model_named(const std::string& name) {
  for (auto* model : simgrid::s4u::Engine::get_instance()->get_all_models()) {
    if (model->get_name() == name) return *model;
  }
  throw InternalError("SimGrid has no model " + name);
}

std::string simgrid_version() {
  int major = 0, minor = 0, patch = 0;
  sg_version_get(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + (patch == 0 ? "" : "." + std::to_string(patch));
}

std::vector<std::string> simgrid_options() { return session_options(); }

ActivityTable::~ActivityTable() {
  clear_ended();
  for (Entry& entry : entries_) {
    if (entry.activity == nullptr) continue;
    entry.activity->set_data(nullptr);
    (void)entry.activity.detach();  // SimGrid aborts when an activity under way loses its last owner
  }
}

std::uint32_t ActivityTable::add(simgrid::s4u::ActivityPtr activity) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back({.table = this, .number = free_.back(), .activity = nullptr});
  }
  const std::uint32_t number = free_.back();
  free_.pop_back();
  Entry& entry = entries_[number];
  entry.activity = std::move(activity);
  entry.activity->set_data(&entry);
  return number;
}

double ActivityTable::cancel(std::uint32_t number) {
  Entry& entry = entries_[number];
  entry.activity->set_data(nullptr);
  const double remaining = entry.activity->get_remaining();
  entry.activity->cancel();
  cancelled_.push_back(std::move(entry.activity));
  free_.push_back(number);
  return remaining;
}

void ActivityTable::clear_ended() {
  for (const std::uint32_t number : dead_) {
    entries_[number].activity = nullptr;
    free_.push_back(number);
  }
  dead_.clear();
}

void report_end(const simgrid::s4u::Activity& activity) {
  auto* entry = activity.get_data<ActivityTable::Entry>();
  if (entry == nullptr) return;
  entry->table->dead_.push_back(entry->number);
  entry->table->ended_(entry->number);
}

}  // namespace aifsim::engine
