// The problems of corpus.txt, which says how its lines are written, as arguments of a call.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "problem/arguments.h"
#include "tensor.h"

namespace cconv::bench {

// The options' texts and sequences refer to `values_` and `words_`, which never move.
class CorpusProblem {
 public:
  std::string name;
  Shape x, weight, bias;  // bias: empty where there is none
  ConvOptions options;

  explicit CorpusProblem(const std::string& line) {
    options.stride = options.dilation = options.groups = Value::of(std::int64_t{1});
    options.padding = options.padding_value = Value::of(std::int64_t{0});
    options.channels_last = Value::of(false);
    options.padding_mode = word("constant");
    options.algorithm = word("auto");
    const auto refuse = [](const void*) { return std::string("(an option of corpus.txt)"); };
    options.describe = {refuse, refuse};

    std::istringstream words(line);
    words >> name;
    bool biased = false;
    int dims = 0;
    for (std::string field; words >> field;) {
      const auto equals = field.find('=');
      const std::string key = field.substr(0, equals), text = field.substr(equals + 1);
      if (key == "x")
        x = shape(text);
      else if (key == "weight")
        weight = shape(text);
      else if (key == "bias")
        biased = text == "1";
      else if (key == "dims")
        dims = std::stoi(text);
      else
        option(key) = key == "channels_last" ? Value::of(text == "1") : value(text);
    }
    const int axes = static_cast<int>(weight.size());
    options.dims = dims > 0 ? dims : axes > 2 ? axes - 2 : axes;
    if (biased) bias = {axes > options.dims ? weight[0] : 1};
  }
  CorpusProblem(const CorpusProblem&) = delete;
  CorpusProblem& operator=(const CorpusProblem&) = delete;

 private:
  static Shape shape(const std::string& text) {
    Shape shape;
    std::istringstream in(text);
    for (std::string extent; std::getline(in, extent, 'x');) shape.push_back(std::stoll(extent));
    return shape;
  }

  Value& option(const std::string& key) {
    if (key == "stride") return options.stride;
    if (key == "padding") return options.padding;
    if (key == "dilation") return options.dilation;
    if (key == "groups") return options.groups;
    if (key == "padding_mode") return options.padding_mode;
    if (key == "padding_value") return options.padding_value;
    if (key == "activation") return options.activation;
    if (key == "channels_last") return options.channels_last;
    throw std::runtime_error("corpus.txt: " + name + " has an unknown option " + key);
  }

  // A number or a word, or an int or pair for each axis.
  Value value(const std::string& text) {
    if (text.find_first_of(",:") != std::string::npos) return sequence(text, ',');
    return number(text);
  }

  Value sequence(const std::string& text, char separator) {
    std::vector<Value> items;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, separator);)
      items.push_back(item.find(':') != std::string::npos ? sequence(item, ':') : number(item));
    const auto& kept = values_.emplace_back(std::move(items));
    Value value;
    value.kind = Value::Kind::sequence;
    value.items = kept.data();
    value.size = static_cast<std::int64_t>(kept.size());
    return value;
  }

  Value word(const std::string& text) {
    Value value;
    value.kind = Value::Kind::text;
    value.text = words_.emplace_back(text);
    return value;
  }

  Value number(const std::string& text) {
    char* end = nullptr;
    Value value;
    value.real = std::strtod(text.c_str(), &end);
    if (*end != '\0') return word(text);
    if (text.find('.') == std::string::npos) return Value::of(std::int64_t{std::stoll(text)});
    value.kind = Value::Kind::real;
    return value;
  }

  std::deque<std::string> words_;
  std::deque<std::vector<Value>> values_;
};

inline std::deque<CorpusProblem> load_corpus() {
  std::ifstream file(CCONV_CORPUS);
  if (!file) throw std::runtime_error("cannot read " CCONV_CORPUS);
  std::deque<CorpusProblem> problems;
  for (std::string line; std::getline(file, line);)
    if (line.resize(std::min(line.find('#'), line.size())); line.find('=') != std::string::npos)
      problems.emplace_back(line);
  return problems;
}

}  // namespace cconv::bench
