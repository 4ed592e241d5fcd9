// The limits themselves: arithmetic in registers; copying and reading in the caches and beyond.
#include "register.h"

namespace cconv::bench {
namespace {

void fma(benchmark::State& state, Type type) {
  double flop = 0;
  for (auto _ : state) flop += run_fma(type);
  state.counters["FLOP"] = {flop, benchmark::Counter::kIsRate};
}

void move(benchmark::State& state, std::int64_t bytes, double (CopyPair::*run)() const) {
  const CopyPair pair(bytes);
  double moved = 0;
  for (auto _ : state) moved += (pair.*run)();
  state.counters["bytes"] = {moved, benchmark::Counter::kIsRate};
}

struct Place {
  const char* name;
  std::int64_t bytes;  // both arrays
};
constexpr Place kPlaces[] = {{"16KiB", 16 << 10}, {"256KiB", 256 << 10}, {"128MiB", 128 << 20}};

}  // namespace

void register_machine() {
  for (const Type type : {Type::float32, Type::float64})
    add(std::string("machine/fma/") + name_of(type), fma, type);
  for (const Place& place : kPlaces) {
    add(std::string("machine/copy/") + place.name, move, place.bytes, &CopyPair::copy);
    add(std::string("machine/read/") + place.name, move, place.bytes, &CopyPair::read);
  }
}

}  // namespace cconv::bench
