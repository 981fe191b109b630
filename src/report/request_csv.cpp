#include "report/request_csv.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace aifsim::report {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw ConfigError(Problem{"", 0, 0, "--out", "a directory that can be written", path, "cannot write the file"});
}

}  // namespace

RequestCsv::RequestCsv(const std::string& path) : path_(path), stream_(path, std::ios::binary | std::ios::trunc) {
  stream_ << "request,replica,input_tokens,cached_tokens,output_tokens,preemptions,arrival_s,scheduled_s,first_token_s,"
             "done_s,transfer_s,fetch_s,ttft_s,tpot_s,e2e_s,images,image_tokens,encoded_images,adapter\n";
  if (!stream_) refuse(path_);
}

void RequestCsv::add(const RequestLine& line) {
  const double later = line.output_tokens - 1;
  const Seconds tpot = later > 0 ? (line.done - line.first_token) / later : Seconds{};
  const auto s = [](Seconds time) { return time.in(units::s); };
  stream_ << fmt::format(
      "{},{},{},{},{},{},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{:.9g},{},{},{},{}\n", line.id,
      line.replica, line.input_tokens, line.cached_tokens, line.output_tokens, line.preemptions, s(line.arrival),
      s(line.scheduled), s(line.first_token), s(line.done), s(line.transfer), s(line.fetch),
      s(line.first_token - line.arrival), s(tpot), s(line.done - line.arrival), line.images, line.image_tokens,
      line.encoded_images, line.adapter);
}

void RequestCsv::close() {
  stream_.close();
  if (!stream_) refuse(path_);
}

}  // namespace aifsim::report
