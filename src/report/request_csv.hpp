// One line for each request of a serving job, written while it runs.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "base/quantity.hpp"

namespace aifsim::report {

struct RequestLine {
  std::uint64_t id = 0;
  std::uint32_t replica = 0;
  int input_tokens = 0, cached_tokens = 0, output_tokens = 0, preemptions = 0;
  Seconds arrival, scheduled, first_token, done, transfer, fetch;
  int images = 0, image_tokens = 0;
  double encoded_images = 0;
  std::uint32_t adapter = 0;
};

class RequestCsv {
 public:
  // ConfigError when the file cannot be written.
  explicit RequestCsv(const std::string& path);
  void add(const RequestLine& line);
  void close();  // ConfigError when something could not be written

 private:
  std::string path_;
  std::ofstream stream_;
};

}  // namespace aifsim::report
