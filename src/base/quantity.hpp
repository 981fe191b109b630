// Physical quantities as types: a number with a unit has a dimension the compiler checks.
//
// `Bytes / BytesPerSecond` is Seconds; `Bytes + Seconds` does not compile. A quantity becomes a plain
// double only through `.in(unit)`, e.g. `time.in(units::us)`.
#pragma once

#include <compare>

namespace aifsim {

// Exponents of second, byte, FLOP, joule and US dollar; the value is held in those base units.
template <int S, int B, int F, int J, int U>
class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity from_base(double value) { return Quantity{value}; }

  // This quantity counted in `unit` (a quantity of the same dimension).
  [[nodiscard]] constexpr double in(Quantity unit) const { return value_ / unit.value_; }
  [[nodiscard]] constexpr double base() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  constexpr Quantity& operator*=(double factor) {
    value_ *= factor;
    return *this;
  }
  constexpr Quantity& operator/=(double factor) {
    value_ /= factor;
    return *this;
  }
  constexpr auto operator<=>(const Quantity&) const = default;

 private:
  constexpr explicit Quantity(double value) : value_(value) {}
  double value_ = 0.0;
};

template <int S, int B, int F, int J, int U>
constexpr auto operator+(Quantity<S, B, F, J, U> a, Quantity<S, B, F, J, U> b) {
  return a += b;
}
template <int S, int B, int F, int J, int U>
constexpr auto operator-(Quantity<S, B, F, J, U> a, Quantity<S, B, F, J, U> b) {
  return a -= b;
}
template <int S, int B, int F, int J, int U>
constexpr auto operator*(Quantity<S, B, F, J, U> a, double k) {
  return a *= k;
}
template <int S, int B, int F, int J, int U>
constexpr auto operator*(double k, Quantity<S, B, F, J, U> a) {
  return a *= k;
}
template <int S, int B, int F, int J, int U>
constexpr auto operator/(Quantity<S, B, F, J, U> a, double k) {
  return a /= k;
}

template <int S, int B, int F, int J, int U, int S2, int B2, int F2, int J2, int U2>
constexpr auto operator*(Quantity<S, B, F, J, U> a, Quantity<S2, B2, F2, J2, U2> b) {
  return Quantity<S + S2, B + B2, F + F2, J + J2, U + U2>::from_base(a.base() * b.base());
}
template <int S, int B, int F, int J, int U, int S2, int B2, int F2, int J2, int U2>
constexpr auto operator/(Quantity<S, B, F, J, U> a, Quantity<S2, B2, F2, J2, U2> b) {
  return Quantity<S - S2, B - B2, F - F2, J - J2, U - U2>::from_base(a.base() / b.base());
}
// A ratio of equal dimensions is a plain number.
template <int S, int B, int F, int J, int U>
constexpr double operator/(Quantity<S, B, F, J, U> a, Quantity<S, B, F, J, U> b) {
  return a.in(b);
}

using Seconds = Quantity<1, 0, 0, 0, 0>;
using Bytes = Quantity<0, 1, 0, 0, 0>;
using Flops = Quantity<0, 0, 1, 0, 0>;
using Joules = Quantity<0, 0, 0, 1, 0>;
using Usd = Quantity<0, 0, 0, 0, 1>;
using BytesPerSecond = Quantity<-1, 1, 0, 0, 0>;
using FlopsPerSecond = Quantity<-1, 0, 1, 0, 0>;
using Watts = Quantity<-1, 0, 0, 1, 0>;

namespace units {
inline constexpr Seconds s = Seconds::from_base(1), ms = s / 1e3, us = s / 1e6, ns = s / 1e9, hour = s * 3600;
inline constexpr Bytes B = Bytes::from_base(1), kB = B * 1e3, MB = B * 1e6, GB = B * 1e9, TB = B * 1e12;
inline constexpr Bytes KiB = B * 1024, MiB = KiB * 1024, GiB = MiB * 1024, TiB = GiB * 1024;
inline constexpr Flops flop = Flops::from_base(1), GFLOP = flop * 1e9, TFLOP = flop * 1e12;
inline constexpr Joules J = Joules::from_base(1);
inline constexpr Usd usd = Usd::from_base(1);
inline constexpr BytesPerSecond B_per_s = B / s, GB_per_s = GB / s, TB_per_s = TB / s, Gbit_per_s = GB_per_s / 8.0;
inline constexpr FlopsPerSecond FLOP_per_s = flop / s, TFLOP_per_s = TFLOP / s;
inline constexpr Watts W = J / s, kW = W * 1e3;
}  // namespace units

}  // namespace aifsim
