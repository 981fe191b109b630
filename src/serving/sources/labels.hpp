// Numbers for the words that tell kinds of requests apart, in the order of their first appearance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aifsim::serving {

class Labels {
 public:
  // A file that has more of them than this tells no kinds apart: the rest is "other".
  static constexpr std::size_t most = 64;

  std::uint32_t number_of(std::string_view word) {
    auto found = std::find(words_.begin(), words_.end(), word);
    if (found == words_.end() && words_.size() >= most) word = "other";
    if (found == words_.end()) found = std::find(words_.begin(), words_.end(), word);
    if (found == words_.end()) found = words_.insert(words_.end(), std::string(word));
    return static_cast<std::uint32_t>(found - words_.begin());
  }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
};

}  // namespace aifsim::serving
