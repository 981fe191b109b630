// One serving job as JSON; its keys are in json_keys.cpp.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "metrics/serving_report.hpp"

namespace aifsim::report {

[[nodiscard]] nlohmann::ordered_json serving_json(const metrics::ServingReport& service);

}  // namespace aifsim::report
