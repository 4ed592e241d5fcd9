// cconv_bench [--threads=N] [Google Benchmark's options]
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "isa/levels.h"
#include "register.h"
#include "runtime/thread_count.h"

namespace {

int refuse(std::string_view what, std::string_view would_do) {
  std::cerr << "cconv_bench: " << what << "; " << would_do << " would do\n";
  return 2;
}

// The number of --threads=N; 0 where it is none.
int threads_of(std::string_view argument) {
  constexpr std::string_view kName = "--threads=";
  int threads = 0;
  if (!argument.starts_with(kName)) return 0;
  const char* const end = argument.data() + argument.size();
  const auto [stop, error] = std::from_chars(argument.data() + kName.size(), end, threads);
  return stop == end && error == std::errc() && threads > 0 ? threads : 0;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cconv;
  benchmark::Initialize(&argc, argv);
  int threads = 1;
  for (int i = 1; i < argc; ++i) {
    threads = threads_of(argv[i]);
    if (threads == 0) return refuse(argv[i], "--threads=N or an option that --help lists");
  }
  set_process_threads(threads);
  const char* const level = std::getenv("CCONV_ISA");
  if (level != nullptr && !choose_level(level))
    return refuse(std::string("CCONV_ISA=") + level, "a level that is built and runs here");

  benchmark::AddCustomContext("level", name_of(active_level()));
  benchmark::AddCustomContext("threads", std::to_string(threads));
  bench::register_machine();
  bench::register_convolution();
  bench::register_pooling();
  bench::register_padding();
  return benchmark::RunSpecifiedBenchmarks() > 0 ? 0 : 1;  // a filter that matches nothing fails
}
