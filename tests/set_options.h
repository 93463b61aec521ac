// Options by name, for tests of anything that a registry makes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "catch.hpp"
#include "core/registry.h"

namespace fedsim::test {

using OptionValue = std::variant<bool, std::int64_t, double, std::string>;
using OptionValues = std::map<std::string, OptionValue, std::less<>>;

/// Sets what `values` names; a type that does not fit fails the test, and so does a name nobody asks for.
class SetOptions final : public OptionVisitor {
 public:
  explicit SetOptions(OptionValues values) : values_(std::move(values)) {}
  void operator()(std::string_view n, double& v, Range, std::string_view) override { take(n, v); }
  void operator()(std::string_view n, std::int64_t& v, Range, std::string_view) override { take(n, v); }
  void operator()(std::string_view n, bool& v, std::string_view) override { take(n, v); }
  void operator()(std::string_view n, std::string& v, const Choices&, std::string_view) override {
    take(n, v);
  }
  void operator()(std::string_view n, Path& v, std::string_view) override { take(n, v.text); }
  void operator()(std::string_view n, Bytes& v, std::string_view) override { take(n, v.count); }
  void operator()(std::string_view, std::vector<std::string>&, std::string_view) override {}
  void operator()(std::string_view, std::vector<double>&, Range, std::string_view) override {}
  void operator()(std::string_view n, std::optional<double>& v, Range, std::string_view) override {
    if (values_.contains(n)) take(n, v.emplace());
  }
  void operator()(std::string_view n, std::optional<std::int64_t>& v, Range, std::string_view) override {
    if (values_.contains(n)) take(n, v.emplace());
  }
  bool all_taken() const { return taken_ == values_.size(); }

 private:
  template <class T>
  void take(std::string_view name, T& value) {
    const auto found = values_.find(name);
    if (found == values_.end()) return;
    value = std::get<T>(found->second);
    ++taken_;
  }
  OptionValues values_;
  std::size_t taken_ = 0;
};

/// make<Sampler>("weighted", {{"replacement", true}})
template <class Base>
std::unique_ptr<Base> make(std::string_view name, OptionValues values = {}) {
  const Entry<Base>* entry = Registry<Base>::find(name);
  REQUIRE(entry != nullptr);
  SetOptions visitor(std::move(values));
  auto object = entry->make(visitor);
  REQUIRE(visitor.all_taken());
  return object;
}

}  // namespace fedsim::test
