#include "serving/routers/policies.hpp"

namespace aifsim::serving {
namespace {

// A session's replica follows from its number, so that nothing has to be remembered.
class Session final : public Router {
 public:
  explicit Session(const RouterOptions& options) : others_(make_least_loaded(options)) {}
  std::size_t choose(const Prompt& prompt, std::span<const Replica* const> replicas) override {
    if (prompt.session == 0) return others_->choose(prompt, replicas);
    return mixed(prompt.session) % replicas.size();
  }

 private:
  std::unique_ptr<Router> others_;
};

}  // namespace

std::unique_ptr<Router> make_session(const RouterOptions& options) { return std::make_unique<Session>(options); }

}  // namespace aifsim::serving
