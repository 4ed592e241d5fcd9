// A layer's prepared weights: what the room would prepare, made once, whoever asks first.
#include <algorithm>
#include <thread>
#include <vector>

#include "cases.h"
#include "plan/prepared.h"
#include "runtime/workspace.h"

namespace cconv {
namespace {

// Weights and biases of a layer as it keeps them, in float32.
class Layer {
 public:
  explicit Layer(bool has_bias) : has_bias_(has_bias) {
    for (float& w : weights_) w = static_cast<float>(random_.unit());
    for (float& b : bias_) b = static_cast<float>(random_.unit());
  }

  const std::byte* get(Type sum) const {
    const Array bias = array(bias_, 1);
    return prepared_.get(gemm_room(), problem(sum), array(weights_, 4),
                         has_bias_ ? &bias : nullptr);
  }

  // What the room makes of them.
  template <class T>
  std::vector<std::byte> expected(Type sum) const {
    const std::vector<T> weights(weights_.begin(), weights_.end()),
        bias(bias_.begin(), bias_.end());
    std::vector<std::byte> bytes(static_cast<std::size_t>(size(sum)));
    gemm_room().prepare(problem(sum), reinterpret_cast<const std::byte*>(weights.data()),
                        has_bias_ ? reinterpret_cast<const std::byte*>(bias.data()) : nullptr,
                        bytes.data());
    return bytes;
  }

  std::int64_t size(Type sum) const { return gemm_room().prepared_bytes(problem(sum)); }

 private:
  static constexpr std::int64_t kOC = 37, kIC = 5, kK = 3;

  Problem problem(Type sum) const {
    Problem p;
    p.IC = kIC, p.OC = kOC;
    p.axis[1].window.kernel = p.axis[2].window.kernel = kK;
    p.sum_type = p.src_type = sum;
    p.has_bias = has_bias_, p.prepared = true;
    return p;
  }

  static Array array(const std::vector<float>& numbers, int ndim) {
    static constexpr std::int64_t kSize = sizeof(float), kShape[] = {kOC, kIC, kK, kK},
                                  kStrides[] = {kIC * kK * kK * kSize, kK * kK * kSize, kK * kSize,
                                                kSize},
                                  kStride[] = {kSize};
    Array a;
    a.data = reinterpret_cast<std::byte*>(const_cast<float*>(numbers.data()));
    a.type = Type::float32;
    a.ndim = ndim, a.shape = kShape, a.strides = ndim == 1 ? kStride : kStrides;
    a.c_contiguous = true;
    return a;
  }

  bool has_bias_;
  Random random_{1};
  std::vector<float> weights_ = std::vector<float>(kOC * kIC * kK * kK);
  std::vector<float> bias_ = std::vector<float>(kOC);
  Prepared prepared_;
};

bool is_aligned(const std::byte* address) {
  return reinterpret_cast<std::uintptr_t>(address) % kCacheLine == 0;
}

TEST_CASE("prepared weights are the room's, for each type of sum, and kept") {
  for (const bool has_bias : {false, true}) {
    const Layer layer(has_bias);
    const std::vector<std::byte> narrow = layer.expected<float>(Type::float32),
                                 wide = layer.expected<double>(Type::float64);
    const std::byte* const first = layer.get(Type::float32);
    const std::byte* const second = layer.get(Type::float64);
    CHECK(is_aligned(first));
    CHECK(is_aligned(second));
    CHECK(std::equal(narrow.begin(), narrow.end(), first));
    CHECK(std::equal(wide.begin(), wide.end(), second));
    CHECK(layer.get(Type::float32) == first);
    CHECK(layer.get(Type::float64) == second);
  }
}

TEST_CASE("threads that ask at once get the same content") {
  constexpr int kThreads = 8, kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const Layer layer(true);
    const std::byte* got[kThreads];
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back(
          [&, i] { got[i] = layer.get(i % 2 == 0 ? Type::float32 : Type::float64); });
    for (std::thread& thread : threads) thread.join();
    const std::vector<std::byte> narrow = layer.expected<float>(Type::float32),
                                 wide = layer.expected<double>(Type::float64);
    for (int i = 0; i < kThreads; ++i) {
      const std::vector<std::byte>& expected = i % 2 == 0 ? narrow : wide;
      CHECK(std::equal(expected.begin(), expected.end(), got[i]));
    }
  }
}

}  // namespace
}  // namespace cconv
