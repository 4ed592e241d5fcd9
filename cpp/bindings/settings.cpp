#include "bindings/settings.h"

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <string>
#include <thread>

#include "bindings/arguments.h"
#include "isa/levels.h"
#include "problem/refusal.h"
#include "problem/validate.h"
#include "runtime/result_memory.h"
#include "runtime/team.h"
#include "runtime/thread_count.h"

namespace cconv {
namespace {

PyObject* threads_context = nullptr;  // a ContextVar, made once at import; 0: not set

[[noreturn]] void wait_for_the_end() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

void wait_if_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  if (Py_IsFinalizing()) wait_for_the_end();
#else
  if (_Py_IsFinalizing()) wait_for_the_end();
#endif
}

int checked_threads(const char* call, py::handle n) {
  Arguments arguments(call);
  const std::int64_t threads = validate_integer(call, "n", arguments.value(n.ptr()), 1, describe());
  if (threads > INT_MAX)
    throw py::value_error(std::string(call) + ": n " + std::to_string(threads) +
                          " is too large; at most 2**31 - 1 would do");
  return static_cast<int>(threads);
}

std::string built_levels() {
  std::string list;
  for (int i = 0; i < kLevels; ++i)
    if (runs_here(static_cast<Level>(i)))
      list += (list.empty() ? "" : ", ") + std::string(name_of(static_cast<Level>(i)));
  return list;
}

// A whole number of an environment variable, or `otherwise` where it is not set.
long number_from(const char* variable, long least, long otherwise) {
  const char* const text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  errno = 0;
  const long number = std::strtol(text, &end, 10);
  if (end == text || *end != '\0' || errno != 0 || number < least || number > INT_MAX)
    throw py::import_error(std::string("cconv: ") + variable + "=" + text +
                           " is not a number; an integer of at least " + std::to_string(least) +
                           " would do");
  return number;
}

void read_environment() {
  if (const char* const level = std::getenv("CCONV_ISA"); level != nullptr && !choose_level(level))
    throw py::import_error(std::string("cconv: CCONV_ISA=") + level +
                           " is no level to be had here; one of " + built_levels() + " would do");
  const long threads = number_from("CCONV_NUM_THREADS", 1, 0);
  if (threads > 0) set_process_threads(static_cast<int>(threads));
  const long megabytes = number_from("CCONV_KEEP_MB", 0, -1);
  if (megabytes >= 0) set_kept_result_bytes(static_cast<std::size_t>(megabytes) << 20);
}

py::list level_names(bool only_here) {
  py::list names;
  for (int i = 0; i < kLevels; ++i)
    if (!only_here || runs_here(static_cast<Level>(i)))
      names.append(name_of(static_cast<Level>(i)));
  return names;
}

py::dict config() {
  using namespace py::literals;
  return py::dict(
      "version"_a = CCONV_VERSION,
#if defined(__clang__)
      "compiler"_a = "clang " __clang_version__,
#else
      "compiler"_a = "gcc " __VERSION__,
#endif
      "isa"_a = py::dict("built"_a = level_names(false), "available"_a = level_names(true),
                         "in_use"_a = name_of(active_level())),
      "threads"_a = py::dict("back_end"_a = team_back_end(), "available"_a = available_threads(),
                             "in_use"_a = threads_allowed()),
      "keep_mb"_a = kept_result_bytes() >> 20,
      "openmp"_a = std::string(team_back_end()) == "openmp", "cuda"_a = false);
}

}  // namespace

int threads_allowed() {
  PyObject* value = nullptr;
  if (PyContextVar_Get(threads_context, nullptr, &value) < 0) throw py::error_already_set();
  const auto owned = py::reinterpret_steal<py::object>(value);
  const long threads = owned ? PyLong_AsLong(value) : 0;
  return threads > 0 ? static_cast<int>(threads) : process_threads();
}

Unlocked::~Unlocked() {
  wait_if_ending();
  try {
    PyEval_RestoreThread(state_);
  } catch (...) {  // the interpreter ended meanwhile, and Python unwinds the thread
    wait_for_the_end();
  }
}

bool poll_signals() {
  wait_if_ending();
  try {
    const py::gil_scoped_acquire acquire;
    return PyErr_CheckSignals() != 0;
  } catch (...) {  // as above
    wait_for_the_end();
  }
}

void add_settings(py::module_& module) {
  read_environment();
  threads_context = PyContextVar_New("cconv_num_threads", nullptr);
  if (threads_context == nullptr) throw py::error_already_set();
  module.add_object("threads_context", py::handle(threads_context));

  module.def("describe", [](py::handle value) { return describe().value(value.ptr()); });
  module.def("checked_threads", [](py::handle n) { return checked_threads("num_threads", n); });
  module.def("set_num_threads",
             [](py::handle n) { set_process_threads(checked_threads("set_num_threads", n)); });
  module.def("get_num_threads", threads_allowed);
  module.def("config", config);
}

}  // namespace cconv
