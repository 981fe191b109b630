// One request to an inference service, and where requests come from.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/quantity.hpp"

namespace aifsim::serving {

// What the service can see of a request when it arrives. Policies get this and nothing else.
struct Prompt {
  std::uint64_t id = 0;  // from 0 in the order of arrival
  Seconds arrival;
  int tokens = 0;
  // Names of the prompt's blocks of `block_tokens` tokens, in order, the last one possibly partial: equal leading names
  // mean an equal prefix. Empty: shares nothing with anything.
  std::vector<std::uint64_t> blocks;
  int block_tokens = 0;
  std::uint32_t session = 0;  // turns of a conversation have one number; 0 = none
  std::uint32_t adapter = 0;  // LoRA adapter; 0 = none
  int image_tokens = 0;       // of `tokens`, those that a vision encoder makes
  int output_limit = 0;       // the longest answer that the client asked for (max_tokens); 0 = up to the model's limit
};

struct Request {
  Prompt prompt;
  int output_tokens = 0;  // the true length: only the engine finds out, token by token
};

// Makes requests in the order of their arrival. Open-loop sources know all arrivals beforehand; closed-loop ones make a
// new request when one has ended.
class RequestSource {
 public:
  virtual ~RequestSource() = default;
  // When the next request arrives; nothing when none will before another one has ended.
  [[nodiscard]] virtual std::optional<Seconds> next_arrival() = 0;
  // The request that arrives then. Only when there is a next arrival.
  [[nodiscard]] virtual Request take() = 0;
  // A request is over: answered in full, or rejected.
  virtual void ended(const Request& /*request*/, Seconds /*when*/) {}
};

}  // namespace aifsim::serving
