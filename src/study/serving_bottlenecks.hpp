// Which resources bounded a service's times, channels by name.
#pragma once

#include <vector>

#include "metrics/serving_report.hpp"
#include "serving/service.hpp"
#include "study/serving_collector.hpp"

namespace aifsim::study {

// `report` has the distributions already. Sorted by figure and size; what is below half a percent is left out.
[[nodiscard]] std::vector<metrics::ServingBottleneck> serving_bottlenecks(const serving::Deployment& deployment,
                                                                          const ServingCollector::Means& means,
                                                                          const metrics::ServingReport& report,
                                                                          const serving::Service& service);

}  // namespace aifsim::study
