// One serving job as text for people.
#pragma once

#include <string>

#include "metrics/run_report.hpp"
#include "report/pen.hpp"

namespace aifsim::report {

[[nodiscard]] std::string serving_text(const metrics::RunReport& report, const metrics::ServingReport& service,
                                       const Pen& pen);

}  // namespace aifsim::report
