// One serving job simulated: requests replayed against its replicas, and what came of them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "metrics/serving_report.hpp"
#include "serving/events.hpp"
#include "serving/job.hpp"
#include "serving/service.hpp"
#include "task/executor.hpp"
#include "topology/fabric.hpp"

namespace aifsim::study {

struct ServingResult {
  metrics::ServingReport service;
  std::vector<std::string> notes;  // validity
};

// What happens to each request that is over, in the order in which they end; nullptr: nobody asks.
using RequestSink = std::function<void(const serving::RequestRecord&)>;

// Runs until the source has no more requests and every one is answered or rejected.
[[nodiscard]] ServingResult simulate_serving(const serving::Deployment& deployment, serving::RequestSource& source,
                                             task::Executor& executor, const RequestSink& sink = nullptr);

}  // namespace aifsim::study
