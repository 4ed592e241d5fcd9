// The type under Conv1d, Conv2d and Conv3d.  A call of a layer comes straight here, by vectorcall.
#include "bindings/layer.h"

#include <structmember.h>

#include <array>
#include <cstddef>
#include <memory>

#include "bindings/arguments.h"
#include "bindings/conv.h"
#include "bindings/methods.h"
#include "plan/form.h"
#include "plan/plan.h"

namespace cconv {
namespace {

// A prepared layer: the options read once, weights and bias copied.
class Layer {
 public:
  // args: as of conv without `out`; the place of x is not looked at.
  Layer(int dims, PyObject* const* args)
      : arguments_(kCalls[dims - 1]), adopts_type_(is_sequence_of_numbers(args[kWeight])) {
    for (int i = kStride; i < kOut; ++i) kept_[i] = py::reinterpret_borrow<py::object>(args[i]);
    {
      Arguments reading(kCalls[dims - 1]);  // of its own: what is copied is let go
      weight = copy(reading, "weight", args[kWeight]);
      if (args[kBias] != Py_None) bias = copy(reading, "bias", args[kBias]);
    }
    read_options(arguments_, args, dims, options_);
    weight_ = arguments_.array(weight.ptr());
    if (!bias.is_none()) bias_ = arguments_.bias(bias.ptr());
    try_options();
  }

  // Calls use(arguments, judged convolution, prepared weights) for an input.
  template <class Use>
  auto with_input(PyObject* x, Use use) const {
    Arguments arguments(options_.call);
    ConvArguments a{options_, arguments.array(arguments.ndarray("x", x)), weight_, bias_or_null()};
    py::object adopted;
    if (adopts_type_ && is_float(a.x.type) && is_real_number(weight_.type) &&
        a.x.type != weight_.type) {
      adopted = weight.attr("astype")(dtype_of(a.x.type));
      a.weight = arguments.array(adopted.ptr());
    }
    Convolution c;
    validate_conv(a, c);
    c.problem.prepared = true;
    return use(a, c, prepared_);
  }

  // The copies, as arrays.  Python sees views of them, which cannot be resized or made writable.
  py::object weight;
  py::object bias = py::none();

 private:
  // Of a native byte order.
  static py::object copy(Arguments& reading, const char* name, PyObject* object) {
    py::object copied = py::handle(reading.ndarray(name, object)).attr("copy")();
    if (!array_of(copied.ptr()).native)
      copied = copied.attr("astype")(copied.attr("dtype").attr("newbyteorder")("="));
    copied.attr("setflags")(py::arg("write") = false);
    return copied;
  }

  const Array* bias_or_null() const { return bias.is_none() ? nullptr : &bias_; }

  // Judges what can be judged before there is an input: tries a batch of no images, large enough
  // for any window.
  void try_options() const {
    ConvArguments a{options_, {}, weight_, bias_or_null()};
    const ConvOptions& o = options_;
    const bool bare = a.weight.ndim == o.dims;
    const bool last = o.channels_last.kind == Value::Kind::boolean && o.channels_last.integer != 0;
    const std::int64_t groups = o.groups.kind == Value::Kind::integer ? o.groups.integer : 1;
    constexpr std::int64_t kLarge = std::int64_t{1} << 62;
    std::int64_t shape[kSpatial + 2] = {0, kLarge, kLarge, kLarge, kLarge};
    shape[last ? o.dims + 1 : 1] =
        bare || a.weight.ndim < 2 ? 1 : saturating_multiply(a.weight.shape[1], groups);
    const std::int64_t strides[kSpatial + 2] = {};
    const bool is_complex_input = o.padding_value.kind == Value::Kind::complex ||
                                  (a.bias != nullptr && is_complex(a.bias->type));
    a.x.type = is_complex_input ? Type::complex64 : Type::float32;
    if (adopts_type_ && is_real_number(a.weight.type)) a.weight.type = Type::float32;
    a.x.ndim = o.dims + 2;
    a.x.shape = shape;
    a.x.strides = strides;
    Convolution c;
    validate_conv(a, c);
    find_form(c.problem, a.weight);
    make_plan(o.call, c.problem);
  }

  Arguments arguments_;
  std::array<py::object, kArguments> kept_;  // what the options' values point to
  bool adopts_type_;  // weights came as a list: they take the type of a float input
  ConvOptions options_;
  Array weight_, bias_;
  Prepared prepared_;
};

struct LayerObject {
  PyObject_HEAD vectorcallfunc call;
  Layer* layer;  // null until prepared
};

const Layer& layer_of(PyObject* self) {
  const Layer* const layer = reinterpret_cast<LayerObject*>(self)->layer;
  if (layer == nullptr) throw py::type_error("a layer is made by Conv1d, Conv2d or Conv3d");
  return *layer;
}

// layer(x, out=None)
PyObject* call_layer(PyObject* self, PyObject* const* args, std::size_t flagged_count,
                     PyObject* keywords) noexcept {
  return guarded("layer", [&]() -> PyObject* {
    const Py_ssize_t positional = PyVectorcall_NARGS(flagged_count);
    PyObject* given[2] = {nullptr, nullptr};
    if (positional > 2) throw py::type_error("a layer takes x and out, got more arguments");
    for (Py_ssize_t i = 0; i < positional; ++i) given[i] = args[i];
    const Py_ssize_t named = keywords ? PyTuple_GET_SIZE(keywords) : 0;
    for (Py_ssize_t i = 0; i < named; ++i) {
      PyObject* const keyword = PyTuple_GET_ITEM(keywords, i);
      const int place = PyUnicode_CompareWithASCIIString(keyword, "out") == 0 ? 1
                        : PyUnicode_CompareWithASCIIString(keyword, "x") == 0 ? 0
                                                                              : -1;
      if (place < 0 || given[place] != nullptr)
        throw py::type_error("a layer takes x and out, got " + describe().value(keyword) +
                             (place < 0 ? "" : " twice"));
      given[place] = args[positional + i];
    }
    if (given[0] == nullptr) throw py::type_error("a layer takes x and out, got no x");
    PyObject* const out = given[1] == nullptr ? Py_None : given[1];
    return layer_of(self).with_input(
        given[0], [&](const ConvArguments& a, Convolution& c, const Prepared& p) {
          return convolve(a, c, out, &p);
        });
  });
}

PyObject* make_layer(PyTypeObject* type, PyObject*, PyObject*) noexcept {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self != nullptr) reinterpret_cast<LayerObject*>(self)->call = call_layer;
  return self;
}

void drop_layer(PyObject* self) noexcept {
  PyTypeObject* const type = Py_TYPE(self);
  delete reinterpret_cast<LayerObject*>(self)->layer;
  type->tp_free(self);
  Py_DECREF(type);
}

constexpr const char* kPreparedTwice = "a layer is prepared once";

// prepare(dims, weight, bias, <options>) -> (weight, bias), the layer's copies
PyObject* prepare(PyObject* self, PyObject* const* args, Py_ssize_t count) noexcept {
  return guarded("layer", [&]() -> PyObject* {
    if (count != kOut) throw py::type_error("prepare: called with other arguments than Conv2d has");
    auto& object = *reinterpret_cast<LayerObject*>(self);
    if (object.layer != nullptr) throw py::type_error(kPreparedTwice);
    const int dims = py::cast<int>(py::handle(args[0]));
    auto made = std::make_unique<Layer>(dims, args);
    if (object.layer != nullptr) throw py::type_error(kPreparedTwice);  // by code of an argument
    object.layer = made.release();
    const auto view = [](const py::object& array) -> py::object {
      return array.is_none() ? array : array.attr("view")();
    };
    return py::make_tuple(view(object.layer->weight), view(object.layer->bias)).release().ptr();
  });
}

PyObject* explain_layer(PyObject* self, PyObject* x) noexcept {
  return guarded("layer", [&]() -> PyObject* {
    return layer_of(self).with_input(x,
                                     [](const ConvArguments& a, Convolution& c, const Prepared&) {
                                       return explanation(a, c).release().ptr();
                                     });
  });
}

PyMethodDef methods[] = {
    method("_prepare", prepare),
    {"_explain", explain_layer, METH_O, nullptr},
    {},
};

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(LayerObject, call), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(make_layer)},
    {Py_tp_dealloc, reinterpret_cast<void*>(drop_layer)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, nullptr},
};

PyType_Spec spec = {"cconv._core.Layer", sizeof(LayerObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

void add_layer(py::module_& module) {
  const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  module.add_object("Layer", type);
}

}  // namespace cconv
