#include <algorithm>
#include <iostream>

#include "app/commands.hpp"
#include "base/error.hpp"
#include "collective/collective.hpp"
#include "hardware/platform.hpp"
#include "model/model_spec.hpp"
#include "report/table.hpp"
#include "serving/package.hpp"
#include "serving/planner.hpp"
#include "serving/router.hpp"
#include "serving/scheduler.hpp"
#include "topology/fabric.hpp"
#include "training/schedule.hpp"

namespace aifsim::app {
namespace {

using Entries = std::vector<hardware::CatalogEntry>;

template <typename Source>
Entries entries_of(const std::vector<Source>& source) {
  Entries entries;
  for (const auto& [name, summary] : source) entries.push_back({name, summary});
  return entries;
}

// Of a registry, whose rows have more than these.
template <typename Rows>
Entries rows_of(const Rows& rows) {
  Entries entries;
  for (const auto& row : rows) entries.push_back({std::string(row.name), std::string(row.summary)});
  return entries;
}

struct Listing {
  std::string_view name;
  Entries (*entries)();
};

const std::vector<Listing> listings{
    {"gpus", hardware::list_gpus},
    {"nodes", hardware::list_nodes},
    {"media", hardware::list_media},
    {"models", [] { return entries_of(model::list_models()); }},
    {"topologies", topology::list_topologies},
    {"collectives", collective::list_algorithms},
    {"schedules", [] { return entries_of(training::list_schedules()); }},
    {"nims", [] { return entries_of(serving::list_packages()); }},
    {"engines", [] { return entries_of(serving::list_engines()); }},
    {"routers", [] { return rows_of(serving::router_policies()); }},
    {"planners", [] { return rows_of(serving::planner_policies()); }},
    {"batching", [] { return rows_of(serving::batching_policies()); }},
    {"admission", [] { return rows_of(serving::admission_policies()); }},
};

}  // namespace

std::vector<std::string> listable() {
  std::vector<std::string> names;
  for (const Listing& listing : listings) names.emplace_back(listing.name);
  return names;
}

void list_command(const ListOptions& options) {
  const auto listing = std::find_if(listings.begin(), listings.end(),
                                    [&](const Listing& candidate) { return candidate.name == options.what; });
  ensure(listing != listings.end(), "the command line lets only listable things pass");
  report::Table table({{""}, {"", report::Align::left, 1000}}, 0);
  for (const hardware::CatalogEntry& entry : listing->entries()) table.row({entry.name, entry.summary});
  std::cout << table.text();
}

}  // namespace aifsim::app
