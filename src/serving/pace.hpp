// The time of iterations that are slowed while they are under way.
#pragma once

#include <algorithm>
#include <limits>

#include "base/quantity.hpp"

namespace aifsim::serving {

// Own time is what an iteration would take alone. It goes as the clock does until change() says otherwise.
class Pace {
 public:
  Pace() = default;
  // Iterations begin at `when`, in both times.
  explicit Pace(Seconds when) : clock_(when), own_(when) {}

  // From `now` on, own time takes so many times as long; infinity: it stands still.
  void change(Seconds now, double times) {
    if (even_ && times == 1) return;
    own_ = own(now);
    clock_ = now;
    times_ = times;
    even_ = false;
  }
  // It never was another than the clock's.
  [[nodiscard]] bool even() const { return even_; }
  [[nodiscard]] Seconds clock(Seconds own) const {
    if (even_) return own;
    return own <= own_ ? clock_ : clock_ + (own - own_) * times_;
  }
  [[nodiscard]] Seconds own(Seconds clock) const {
    if (even_) return clock;
    return clock <= clock_ ? own_ : own_ + (clock - clock_) * (1 / times_);
  }

 private:
  Seconds clock_, own_;
  double times_ = 1;
  bool even_ = true;
};

}  // namespace aifsim::serving
