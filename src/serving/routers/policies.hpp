// The routers, one file each; registry.cpp lists them.
#pragma once

#include <memory>

#include "serving/router.hpp"

namespace aifsim::serving {

std::unique_ptr<Router> make_round_robin(const RouterOptions& options);
std::unique_ptr<Router> make_random(const RouterOptions& options);
std::unique_ptr<Router> make_least_loaded(const RouterOptions& options);
std::unique_ptr<Router> make_prefix_aware(const RouterOptions& options);
std::unique_ptr<Router> make_adapter_affinity(const RouterOptions& options);
std::unique_ptr<Router> make_session(const RouterOptions& options);

}  // namespace aifsim::serving
