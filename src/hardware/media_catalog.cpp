#include <algorithm>
#include <array>
#include <cstdio>

#include "base/error.hpp"
#include "config/data_directory.hpp"
#include "hardware/node_catalog_parts.hpp"

namespace aifsim::hardware {
namespace {

LinkMedium read_medium(const std::string& name, const config::Node& entry) {
  LinkMedium medium;
  medium.name = name;
  medium.source = read_source(entry);
  medium.latency = entry.required("latency").seconds();
  medium.payload_fraction = entry.required("payload_fraction").number({.min = 0.01, .max = 1});
  medium.power_per_end = entry.optional("power_per_end").watts_or({});
  medium.lasers = entry.optional("lasers").number_or(0, {.min = 0});
  medium.mtbf = entry.optional("mtbf").seconds_or({});
  medium.reach_m = entry.optional("reach_m").number_or(0, {.min = 0});
  medium.transceivers = entry.optional("transceivers").number_or(0, {.min = 0, .max = 2});
  medium.loss_budget_db = entry.optional("loss_budget_db").number_or(0, {.min = 0.1, .max = 60});
  medium.price = entry.optional("price").usd_or({});
  entry.finish();
  return medium;
}

std::string number(double value) {
  std::array<char, 64> text{};
  if (value < 1e4) {
    std::snprintf(text.data(), text.size(), "%.4g", value);
  } else {
    std::snprintf(text.data(), text.size(), "%.0f", value);
  }
  return text.data();
}

// What is not known is left out.
std::string summary_of(const LinkMedium& medium) {
  std::string text = number(medium.latency.in(units::ns)) + " ns a hop";
  const auto add = [&text](double value, const std::string& before, const std::string& after) {
    if (value > 0) text += ", " + before + number(value) + after;
  };
  add(medium.payload_fraction * 100, "", " % payload");
  add(medium.reach_m, "reach ", " m");
  add(medium.power_per_end.in(units::W), "", " W an end");
  add(medium.transceivers, "", " transceivers");
  add(medium.lasers, "", " lasers");
  add(medium.loss_budget_db, "loses up to ", " dB");
  add(medium.mtbf.in(units::hour), "MTBF ", " h");
  add(medium.price.in(units::usd), "", " $ a link");
  return text;
}

}  // namespace

std::vector<LinkMedium> read_media() {
  const config::Document document = config::Document::load(config::data_directory("platforms/catalog") + "/media.yaml");
  std::vector<LinkMedium> media;
  for (const std::string& name : document.root().keys()) {
    media.push_back(read_medium(name, document.root().required(name)));
  }
  document.check();
  return media;
}

std::vector<std::string> media_names(const std::vector<LinkMedium>& media) {
  std::vector<std::string> names;
  for (const LinkMedium& medium : media) names.push_back(medium.name);
  return names;
}

std::string read_medium_name(const config::Node& name, const std::vector<std::string>& media) {
  const std::vector<std::string_view> choices(media.begin(), media.end());
  return media[name.choice(choices)];
}

std::vector<CatalogEntry> list_media() {
  std::vector<CatalogEntry> entries;
  for (const LinkMedium& medium : read_media()) entries.push_back({medium.name, summary_of(medium)});
  return entries;
}

const LinkMedium& Platform::medium(std::string_view medium_name) const {
  const auto found = std::find_if(media.begin(), media.end(),
                                  [medium_name](const LinkMedium& known) { return known.name == medium_name; });
  ensure(found != media.end(), "a platform knows the media it is made of");
  return *found;
}

}  // namespace aifsim::hardware
