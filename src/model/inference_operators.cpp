#include "model/inference_operators.hpp"

namespace aifsim::model {

bool scaled_in_blocks(Precision weights, Precision activations) {
  return weights == Precision::mxfp8 && activations == Precision::fp8;
}

Precision arithmetic(Precision weights, Precision activations) {
  if (scaled_in_blocks(weights, activations)) return activations;
  return element_bytes(weights) > element_bytes(activations) ? weights : activations;
}

void PassBuilder::add(const Operator& op) {
  if (times_ > 0 && op.bytes > Bytes{}) pass_.operators.push_back({op, times_});
}

void PassBuilder::memory(OperatorName name, double bytes, double kernels) {
  Operator op;
  op.kind = OperatorKind::memory;
  op.name = name;
  op.bytes = units::B * bytes;
  op.kernels = kernels;
  add(op);
}

void PassBuilder::gemm(OperatorName name, Precision weights, Precision format, double m, double n, double k,
                       double batch) {
  if (m <= 0 || n <= 0 || k <= 0) return;
  Operator op;
  op.kind = OperatorKind::gemm;
  op.name = name;
  op.precision = format;
  op.storage = weights;
  op.m = m;
  op.n = n;
  op.k = k;
  op.batch = batch;
  op.flops = units::flop * (2 * m * n * k * batch);
  op.bytes = units::B * (batch * (element_bytes(format) * m * k + element_bytes(weights) * k * n + bf16_bytes * m * n));
  add(op);
}

void PassBuilder::exchange(Exchange exchange, OperatorName name, double bytes) {
  if (times_ > 0 && bytes > 0) pass_.exchanges.push_back({exchange, name, units::B * bytes, times_});
}

}  // namespace aifsim::model
