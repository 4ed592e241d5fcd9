// The extension module: one file per concept registers itself.
#include <pybind11/pybind11.h>

#include "bindings/arguments.h"
#include "bindings/conv.h"
#include "bindings/layer.h"
#include "bindings/pad.h"
#include "bindings/pool.h"
#include "bindings/results.h"
#include "bindings/settings.h"
#include "bindings/shapes.h"

namespace py = pybind11;

PYBIND11_MODULE(_guarded_core, module, py::mod_gil_not_used(),
                py::multiple_interpreters::not_supported()) {
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const cconv::Refusal& refusal) {
      cconv::set_python_error(refusal);
    }
  });
  module.attr("version") = CCONV_VERSION;
  cconv::find_numpy();
  cconv::add_results();
  cconv::add_settings(module);
  cconv::add_shapes(module);
  cconv::add_conv(module);
  cconv::add_layer(module);
  cconv::add_pad(module);
  cconv::add_pool(module);
}

// pybind11 takes the main interpreter's lock while a module is found, and hangs in another one.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  if (PyInterpreterState_Get() == PyInterpreterState_Main()) return PyInit__guarded_core();
  PyErr_SetString(
      PyExc_ImportError,
      "cconv does not run in subinterpreters; the main interpreter, threads or processes would do");
  return nullptr;
}
