#include "data/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "core/error.h"
#include "core/random.h"

namespace fedsim {
namespace {

std::int64_t rows_of(const Part& part, std::int64_t targets) {
  return static_cast<std::int64_t>(part.y.size()) / targets;
}

void check_counts(const Part& part, const Parts& parts) {
  const auto per_sample = elements(parts.shape);
  const auto samples = count(part.x) / std::max<std::int64_t>(per_sample, 1);
  if (per_sample < 1)
    throw DataError(
        fmt::format("{}: samples of shape {} have no features", part.where, to_string(parts.shape)));
  if (samples * per_sample != count(part.x) || samples != rows_of(part, parts.targets))
    throw DataError(
        fmt::format("{} holds {} samples, {} holds {} labels; expected as many of one as of the other",
                    part.where, samples, part.where_labels, rows_of(part, parts.targets)));
  if (samples == 0) throw DataError(fmt::format("{}: no samples", part.where));
  if (samples > std::numeric_limits<std::uint32_t>::max())
    throw DataError(fmt::format("{}: {} samples, at most 4294967295 are supported", part.where, samples));
}

void check_finite(const Part& part, std::int64_t per_sample) {
  std::visit(
      [&](const auto& values) {
        using T = typename std::decay_t<decltype(values)>::value_type;
        if constexpr (std::is_floating_point_v<T>) {
          const auto bad =
              std::find_if(values.begin(), values.end(), [](T value) { return !std::isfinite(value); });
          if (bad == values.end()) return;
          const auto index = bad - values.begin();
          throw DataError(
              fmt::format("{}: {} at sample {}, feature {}; expected finite numbers\nhelp: clean the data, "
                          "or set data.allow_nonfinite = true",
                          part.where, *bad, index / per_sample, index % per_sample));
        }
      },
      part.x);
}

void check_tokens(const Part& part, std::int64_t per_sample, std::int64_t vocabulary) {
  std::visit(
      [&](const auto& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
          const auto token = static_cast<double>(values[i]);
          if (token >= 0 && token < static_cast<double>(vocabulary) && token == std::floor(token)) continue;
          throw DataError(
              fmt::format("{}: token {} at sample {}, position {}; expected whole numbers from 0 to {}",
                          part.where, token, static_cast<std::int64_t>(i) / per_sample,
                          static_cast<std::int64_t>(i) % per_sample, vocabulary - 1));
        }
      },
      part.x);
}

void check_labels(const Part& part, std::int64_t targets, std::int64_t classes) {
  const std::int32_t least = targets > 1 ? -1 : 0;  // -1 pads a sequence
  for (std::size_t i = 0; i < part.y.size(); ++i) {
    if (part.y[i] >= least && part.y[i] < classes) continue;
    throw DataError(fmt::format("{}: label {} at index {}; expected 0 to {} ({} classes)", part.where_labels,
                                part.y[i], i, classes - 1, classes));
  }
}

/// Copies `rows` of `from`, in order.
Part take(const Part& from, const std::vector<std::size_t>& rows, std::size_t per_sample,
          std::size_t targets) {
  Part part;
  part.where = from.where;
  part.where_labels = from.where_labels;
  part.x = std::visit(
      [&](const auto& values) -> Features {
        std::decay_t<decltype(values)> kept;
        kept.reserve(rows.size() * per_sample);
        for (const auto row : rows) {
          const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * per_sample);
          kept.insert(kept.end(), begin, begin + static_cast<std::ptrdiff_t>(per_sample));
        }
        return kept;
      },
      from.x);
  part.y.reserve(rows.size() * targets);
  for (const auto row : rows)
    for (std::size_t t = 0; t < targets; ++t) part.y.push_back(from.y[row * targets + t]);
  return part;
}

/// Which training samples go to the test set: of every user the last floor(fraction n), or, where there are
/// no users, floor(fraction n) of a seeded shuffle.
std::vector<bool> choose_test(const Parts& parts, std::size_t n, const DataContext& context) {
  std::vector<bool> chosen(n, false);
  if (!parts.user_offsets.empty()) {
    for (std::size_t user = 0; user + 1 < parts.user_offsets.size(); ++user) {
      const auto size = static_cast<double>(parts.user_offsets[user + 1] - parts.user_offsets[user]);
      const auto held = static_cast<std::int64_t>(std::floor(context.test_fraction * size));
      for (auto row = parts.user_offsets[user + 1] - held; row < parts.user_offsets[user + 1]; ++row)
        chosen[static_cast<std::size_t>(row)] = true;
    }
    return chosen;
  }
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  Random random(context.seed, Purpose::test_split);
  random.shuffle(std::span(order));
  const auto held = static_cast<std::size_t>(std::floor(context.test_fraction * static_cast<double>(n)));
  for (std::size_t i = 0; i < held; ++i) chosen[order[i]] = true;
  return chosen;
}

void split_test(Parts& parts, const DataContext& context) {
  const auto n = static_cast<std::size_t>(rows_of(parts.train, parts.targets));
  const auto chosen = choose_test(parts, n, context);
  std::vector<std::size_t> train, test;
  std::vector<std::int64_t> offsets;
  std::size_t user = 0;
  for (std::size_t row = 0; row < n; ++row) {
    for (; user < parts.user_offsets.size() && parts.user_offsets[user] <= static_cast<std::int64_t>(row);
         ++user)
      offsets.push_back(static_cast<std::int64_t>(train.size()));
    (chosen[row] ? test : train).push_back(row);
  }
  for (; user < parts.user_offsets.size(); ++user) offsets.push_back(static_cast<std::int64_t>(train.size()));
  if (test.empty() || train.empty())
    throw DataError(
        fmt::format("{}: {} samples leave an empty {} set at data.test_fraction = {}\n"
                    "help: change test_fraction, or give a test set",
                    parts.train.where, n, test.empty() ? "test" : "training", context.test_fraction));
  const auto per_sample = static_cast<std::size_t>(elements(parts.shape));
  const auto targets = static_cast<std::size_t>(parts.targets);
  parts.test = take(parts.train, test, per_sample, targets);
  parts.train = take(parts.train, train, per_sample, targets);
  parts.user_offsets = std::move(offsets);
}

std::int64_t largest_label(const Part& part) {
  return part.y.empty() ? -1 : *std::max_element(part.y.begin(), part.y.end());
}

void check(const Part& part, const Parts& parts, bool allow_nonfinite) {
  check_counts(part, parts);
  check_labels(part, parts.targets, parts.classes);
  if (parts.vocabulary > 0)
    check_tokens(part, elements(parts.shape), parts.vocabulary);
  else if (!allow_nonfinite)
    check_finite(part, elements(parts.shape));
}

}  // namespace

Dataset assemble(Parts parts, const DataContext& context) {
  if (parts.classes == 0)
    parts.classes = 1 + std::max<std::int64_t>(
                            {largest_label(parts.train), parts.test ? largest_label(*parts.test) : 0, 0});
  check(parts.train, parts, context.allow_nonfinite);
  if (parts.test) check(*parts.test, parts, context.allow_nonfinite);
  if (parts.classes < 2)
    throw DataError(
        fmt::format("{}: every label is 0: one class only, an accuracy would mean nothing\n"
                    "help: give data with at least two classes",
                    parts.train.where_labels));
  if (!parts.test) split_test(parts, context);

  Dataset data;
  data.name = std::move(parts.name);
  data.origin = std::move(parts.origin);
  data.classes = parts.classes;
  data.targets = parts.targets;
  data.vocabulary = parts.vocabulary;
  data.user_offsets = std::move(parts.user_offsets);
  if (parts.targets == 1) data.labels = parts.train.y;
  data.bytes = bytes(parts.train.x) + bytes(parts.test->x) +
               (data.labels.size() + parts.train.y.size() + parts.test->y.size()) * sizeof(std::int32_t);
  const auto scale = make_scale(context.scale, parts.train.x, parts.shape, parts.vocabulary > 0);
  const auto per_sample = elements(parts.shape);
  data.sample_shape = std::move(parts.shape);
  data.train = std::make_shared<MemorySamples>(std::move(parts.train.x), std::move(parts.train.y), per_sample,
                                               data.targets, scale);
  data.test = std::make_shared<MemorySamples>(std::move(parts.test->x), std::move(parts.test->y), per_sample,
                                              data.targets, scale);
  return data;
}

}  // namespace fedsim
