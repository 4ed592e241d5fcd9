// Raw weights and biases into panels, as the kernel reads them.
#pragma once

#include <algorithm>
#include <cstring>

#include "algorithms/gemm/kernel.h"
#include "algorithms/gemm/tiling.h"
#include "algorithms/rows/sums.h"

namespace cconv::gemm {

inline const KernelsOf<float>& kernels_of(float) { return kernels().float32; }
inline const KernelsOf<double>& kernels_of(double) { return kernels().float64; }
inline const KernelsOf<std::uint32_t>& kernels_of(std::uint32_t) { return kernels().uint32; }
inline const KernelsOf<std::uint64_t>& kernels_of(std::uint64_t) { return kernels().uint64; }

template <class T>
class Packer {
 public:
  Packer(const Problem& p, const std::byte* weights, const std::byte* bias)
      : p_(p), panels_(panels_of(p)), weights_(weights), bias_(bias) {}

  std::int64_t panels() const { return p_.G * panels_.count; }

  // Where a panel of all groups' begins in an array of all of them.
  std::int64_t offset(std::int64_t index) const {
    const std::int64_t vectors =
        index / panels_.count * panels_.vectors + panels_.first(index % panels_.count);
    return vectors * panels_.lanes * kSize * (p_.terms() + 1);
  }

  void pack(std::int64_t index, std::byte* to) const {
    const std::int64_t panel = index % panels_.count;
    const std::int64_t OCg = p_.OC / p_.G, K = p_.terms();
    const std::int64_t width = panels_.width(panel) * panels_.lanes;
    for (std::int64_t i = 0; i < width; i += panels_.lanes) {
      const std::int64_t within = panels_.first(panel) * panels_.lanes + i;
      const std::int64_t o = index / panels_.count * OCg + within;
      const std::int64_t channels = std::min(panels_.lanes, OCg - within);
      std::byte* const column = to + i * kSize;
      std::memset(column, 0, static_cast<std::size_t>(panels_.lanes * kSize));
      // A bias of -0 would tell sums that zeros were added to from those that they were not.
      for (std::int64_t c = 0; bias_ != nullptr && c < channels; ++c) {
        Product bias;
        std::memcpy(&bias, bias_ + (o + c) * kSize, sizeof bias);
        bias += Product(0);
        std::memcpy(column + c * kSize, &bias, sizeof bias);
      }
      kernels_of(Product{}).pack({weights_ + o * K * kSize, K * kSize, channels, p_.taps(), K,
                                  column + width * kSize, width * kSize});
    }
  }

 private:
  using Product = typename rows::Sum<T>::Product;
  static constexpr std::int64_t kSize = sizeof(T);
  const Problem& p_;
  const Panels panels_;
  const std::byte* const weights_;
  const std::byte* const bias_;
};

}  // namespace cconv::gemm
