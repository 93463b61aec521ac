// Options: a plain struct with one visit(), the only place where an option is named.
//
//   struct Options {
//     double mu = 0.01;
//     void visit(OptionVisitor& option) { option("mu", mu, at_least(0), "weight of the proximal term"); }
//   };
//
// The config reader fills and checks it, `fedsim list` describes it, the resolved config is written from it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fedsim {

/// Allowed interval of a number. NaN and infinities are never allowed.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool open_low = false;   // low itself is excluded
  bool open_high = false;  // high itself is excluded
  bool contains(double value) const;
  std::string to_string() const;  // "> 0", ">= 0", "in [0, 1)", "any number"
};
inline Range any_number() { return {}; }
inline Range at_least(double low) { return {.low = low}; }
inline Range above(double low) { return {.low = low, .open_low = true}; }
inline Range between(double low, double high) { return {.low = low, .high = high}; }                    // [low, high]
inline Range from_up_to(double low, double high) { return {.low = low, .high = high, .open_high = true}; }  // [low, high)
inline Range above_up_to(double low, double high) { return {.low = low, .high = high, .open_low = true}; }  // (low, high]

using Choices = std::vector<std::string>;

/// A path written in a config: relative to the config file, absolute once read. Empty: not given.
struct Path {
  std::string text;
  bool empty() const { return text.empty(); }
};

/// A number of bytes: 1048576, or "512MiB" (kB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of 1024).
struct Bytes {
  std::int64_t count = -1;  // -1: not given
  bool given() const { return count >= 0; }
};

/// Called once for each option. std::optional options have no default and may be left out.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;
  virtual void operator()(std::string_view name, double& value, Range allowed, std::string_view help) = 0;
  virtual void operator()(std::string_view name, std::int64_t& value, Range allowed, std::string_view help) = 0;
  virtual void operator()(std::string_view name, bool& value, std::string_view help) = 0;
  /// One of `allowed`; any string where that is empty.
  virtual void operator()(std::string_view name, std::string& value, const Choices& allowed, std::string_view help) = 0;
  virtual void operator()(std::string_view name, Path& value, std::string_view help) = 0;
  virtual void operator()(std::string_view name, Bytes& value, std::string_view help) = 0;
  virtual void operator()(std::string_view name, std::vector<std::string>& value, std::string_view help) = 0;
  virtual void operator()(std::string_view name, std::vector<double>& value, Range allowed, std::string_view help) = 0;
  virtual void operator()(std::string_view name, std::optional<double>& value, Range allowed, std::string_view help) = 0;
  virtual void operator()(std::string_view name, std::optional<std::int64_t>& value, Range allowed,
                          std::string_view help) = 0;
};

/// What `fedsim list` prints of one option.
struct OptionInfo {
  std::string name, type, default_value, allowed, help;
};

/// For a class without options.
struct NoOptions {
  void visit(OptionVisitor&) {}
};

/// The options that `visit` names, with their defaults, in order.
template <class Options>
std::vector<OptionInfo> describe(Options options = {});

/// Collects OptionInfo. Use describe<Options>().
class Describer final : public OptionVisitor {
 public:
  std::vector<OptionInfo> infos;
  void operator()(std::string_view, double&, Range, std::string_view) override;
  void operator()(std::string_view, std::int64_t&, Range, std::string_view) override;
  void operator()(std::string_view, bool&, std::string_view) override;
  void operator()(std::string_view, std::string&, const Choices&, std::string_view) override;
  void operator()(std::string_view, Path&, std::string_view) override;
  void operator()(std::string_view, Bytes&, std::string_view) override;
  void operator()(std::string_view, std::vector<std::string>&, std::string_view) override;
  void operator()(std::string_view, std::vector<double>&, Range, std::string_view) override;
  void operator()(std::string_view, std::optional<double>&, Range, std::string_view) override;
  void operator()(std::string_view, std::optional<std::int64_t>&, Range, std::string_view) override;
};

template <class Options>
std::vector<OptionInfo> describe(Options options) {
  Describer describer;
  options.visit(describer);
  return describer.infos;
}

}  // namespace fedsim
