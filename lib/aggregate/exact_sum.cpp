#include "aggregate/exact_sum.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/buffer.h"
#include "core/clones.h"
#include "core/memory.h"

namespace fedsim {
namespace {

constexpr int class_bits = 4;
constexpr int smallest_class = -200;  // below 2^-800 the unit would underflow; such terms share one class
constexpr int kept_classes = 16;      // 64 bits

// |x factor| < 2^51: added to 1.5 2^52 its integer part, rounded to nearest even, stands in the low bits of the
// mantissa. A float32 times a weight below 2^29 is exact, so that a fused multiply-add (this file is compiled to allow
// it) gives the bits that every instruction set gives.
constexpr double magic = 6755399441055744.0;

// Unsigned, so that the magic numbers, which are taken off together, may wrap.
template <class T, std::size_t Terms>
[[gnu::always_inline]] inline void accumulate_loop(std::int64_t* sum, const T* const* terms, const double* factors,
                                                   std::size_t n) {
  constexpr std::uint64_t zero = Terms * std::bit_cast<std::uint64_t>(magic);
  const T* x[Terms];
  double factor[Terms];
  for (std::size_t k = 0; k < Terms; ++k) x[k] = terms[k], factor[k] = factors[k];
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t total = static_cast<std::uint64_t>(sum[i]) - zero;
    for (std::size_t k = 0; k < Terms; ++k)
      total += std::bit_cast<std::uint64_t>(static_cast<double>(x[k][i]) * factor[k] + magic);
    sum[i] = static_cast<std::int64_t>(total);
  }
}

constexpr std::size_t terms_at_once = 4, small_terms_at_once = 8;
constexpr std::size_t waiting_bytes = std::size_t{8} << 20;  // of a class, at most: they should stay in a cache
constexpr std::size_t joined_bytes = std::size_t{8} << 20;   // that changes added to each other hold, at most
constexpr double rounded_up = 1.001;                          // their sum may be above that of their bounds

#define FEDSIM_ACCUMULATE(T)                                                                                       \
  FEDSIM_CLONES void accumulate_1(std::int64_t* sum, const T* const* x, const double* factors, std::size_t n) {    \
    accumulate_loop<T, 1>(sum, x, factors, n);                                                                     \
  }                                                                                                                \
  FEDSIM_CLONES void accumulate_4(std::int64_t* sum, const T* const* x, const double* factors, std::size_t n) {    \
    accumulate_loop<T, 4>(sum, x, factors, n);                                                                     \
  }                                                                                                                \
  FEDSIM_CLONES void accumulate_8(std::int64_t* sum, const T* const* x, const double* factors, std::size_t n) {    \
    accumulate_loop<T, 8>(sum, x, factors, n);                                                                     \
  }
FEDSIM_ACCUMULATE(float)
FEDSIM_ACCUMULATE(double)
#undef FEDSIM_ACCUMULATE

/// sum += factor x for each of the terms, at most small_terms_at_once, whose vectors are of T, in one pass.
template <class T, class Terms>
void add_vectors(std::vector<std::int64_t>& sum, const Terms& terms) {
  static_assert(small_terms_at_once == 8 && terms_at_once == 4);
  assert(!terms.empty() && terms.size() <= small_terms_at_once);
  const T* x[small_terms_at_once];
  double factors[small_terms_at_once] = {};
  for (std::size_t k = 0; k < small_terms_at_once; ++k) {
    x[k] = terms[k < terms.size() ? k : 0].x.template as<T>().data();  // places left: 0 times the first term, which is finite
    if (k < terms.size()) factors[k] = terms[k].factor;
  }
  if (terms.size() == 1) return accumulate_1(sum.data(), x, factors, sum.size());
  if (terms.size() <= 4) return accumulate_4(sum.data(), x, factors, sum.size());
  accumulate_8(sum.data(), x, factors, sum.size());
}

/// The blocks that begin in [first, last), one at a time, which goes into the sum while it is in a cache.
template <class T>
void add_blocks(std::vector<std::int64_t>& sum, const BlockVector& x, double factor, std::size_t first, std::size_t last) {
  Buffer room;
  std::size_t at = 0;
  while (at < first) at += x.block(at);
  for (; at < last; at += x.block(at)) {
    room.grow(x.block(at) * sizeof(T));
    const T* block = static_cast<const T*>(room.data());
    x.compute(at, room.data());
    accumulate_1(&sum[at], &block, &factor, x.block(at));
  }
}

FEDSIM_CLONES void add_integers(std::int64_t* sum, const std::int64_t* x, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += x[i];
}

FEDSIM_CLONES void add_converted(double* total, const std::int64_t* sum, double unit, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) total[i] += static_cast<double>(sum[i]) * unit;
}

#define FEDSIM_DIVIDE(T)                                                                     \
  FEDSIM_CLONES void divide(T* out, const double* total, double divisor, std::size_t n) {    \
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<T>(total[i] / divisor);         \
  }
FEDSIM_DIVIDE(float)
FEDSIM_DIVIDE(double)
#undef FEDSIM_DIVIDE

/// The sum of vectors of integers, in multiples of a unit.
struct Part {
  std::vector<const std::int64_t*> sums;
  double unit;
};

/// out = the sum of the parts / divisor, in [first, last); totals stay in the core's first cache.
template <class T>
void divide_total(const std::vector<Part>& parts, double divisor, std::size_t first, std::size_t last, T* out) {
  constexpr std::size_t at_once = 1024;
  std::int64_t sum[at_once];
  double total[at_once];
  for (; first < last; first += at_once) {
    const std::size_t count = std::min(at_once, last - first);
    std::fill_n(total, count, 0.0);
    for (const Part& part : parts) {
      std::copy_n(part.sums.front() + first, count, sum);
      for (std::size_t k = 1; k < part.sums.size(); ++k) add_integers(sum, part.sums[k] + first, count);
      add_converted(total, sum, part.unit, count);
    }
    divide(out + first, total, divisor, count);
  }
}

/// The first of them, which grows to `size` zeros where there is none.
std::vector<std::int64_t>& first_of(std::vector<std::vector<std::int64_t>>& sums, std::size_t size) {
  if (sums.empty()) sums.emplace_back(size);
  return sums.front();
}

}  // namespace

ExactSum::ExactSum(std::size_t size, std::int64_t terms)
    : size_(size),
      bits_(std::min(51, 62 - static_cast<int>(std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(terms, 1)))))) {}

double ExactSum::unit(int number) const { return std::ldexp(1.0, class_bits * number - bits_); }

ExactSum::Class* ExactSum::of_class(int number) {
  if (!classes_.empty() && number < classes_.rbegin()->first - kept_classes) return nullptr;
  const auto [entry, is_new] = classes_.try_emplace(number);
  if (is_new) classes_.erase(classes_.begin(), classes_.lower_bound(classes_.rbegin()->first - kept_classes));
  return &entry->second;
}

void ExactSum::add_waiting(Class& entry) const {
  if (!entry.waiting.empty()) {
    Integers& sum = first_of(entry.sums, size_);
    if (entry.waiting.front().x.dtype() == Dtype::float32)
      add_vectors<float>(sum, entry.waiting);
    else
      add_vectors<double>(sum, entry.waiting);
    entry.waiting.clear();
  }
}

void ExactSum::add_waiting() {
  for (auto& [number, entry] : classes_) add_waiting(entry);
}

void ExactSum::move_in_place(Class& entry) {
  if (entry.out_of_place.empty()) return;
  Integers& sum = entry.out_of_place.front();
  for (std::size_t k = 1; k < entry.out_of_place.size(); ++k)
    add_integers(sum.data(), entry.out_of_place[k].data(), sum.size());
  put_in_place(sum.size(), entry.by_columns, sum.data(), entry.sums.emplace_back(sum.size()).data());
  entry.out_of_place.clear();
}

void ExactSum::set_order(Class& entry, std::span<const MatrixAt> by_columns) {
  if (std::ranges::equal(entry.by_columns, by_columns)) return;
  if (!entry.out_of_place.empty()) throw std::logic_error("ExactSum: blocks of another order");
  entry.by_columns.assign(by_columns.begin(), by_columns.end());
}

bool ExactSum::place(double largest, std::int64_t weight, Place& place) {
  place = {};
  const double bound = largest * static_cast<double>(weight);
  if (!std::isfinite(bound)) return false;
  if (bound == 0) return true;
  int exponent = 0;
  std::frexp(bound, &exponent);  // bound < 2^exponent
  const int number = std::max(smallest_class, static_cast<int>(std::ceil(static_cast<double>(exponent) / class_bits)));
  place = {of_class(number), static_cast<double>(weight) / unit(number)};
  return true;
}

bool ExactSum::add(Vec&& x, double largest, std::int64_t weight) {
  if (x.size() != size_) throw std::logic_error("ExactSum: a vector of another size");
  Place at{};
  if (!place(largest, weight, at)) return false;
  if (at.entry == nullptr) return true;
  // Several in one pass over the sum, where they are all in the core's own cache beside it, or none is; but one that alone is
  // still there is best read now.
  static const std::size_t own_cache = second_level_cache();
  const auto stay = [&](std::size_t terms) { return 2 * terms * x.bytes() <= own_cache; };
  const bool gone = x.bytes() > own_cache && terms_at_once * x.bytes() <= waiting_bytes;
  const std::size_t most = stay(small_terms_at_once) ? small_terms_at_once : stay(terms_at_once) || gone ? terms_at_once : 1;
  at.entry->waiting.push_back({std::move(x), at.factor});
  if (at.entry->waiting.size() >= most) add_waiting(*at.entry);
  return true;
}

// Which are added to each other depends on these changes alone: those that join the first, then those that join the first of
// the others.
void ExactSum::add(std::span<const WeightedChange> changes, const InRanges& in_ranges) {
  std::vector<WeightedChange> rest(changes.begin(), changes.end()), joined, others;
  while (!rest.empty()) {
    const SealedChange& first = *rest.front().change;
    if (first.size() != size_) throw std::logic_error("ExactSum: a vector of another size");
    std::size_t held = 0;
    joined.clear();
    others.clear();
    for (const WeightedChange& one : rest) {
      const bool fits = joined.empty() || (held + one.change->held() <= joined_bytes && first.joins(*one.change));
      if (fits) held += one.change->held();
      (fits ? joined : others).push_back(one);
    }
    add_joined(joined, in_ranges);
    rest.swap(others);
  }
}

void ExactSum::add_joined(std::span<const WeightedChange> changes, const InRanges& in_ranges) {
  const Dtype dtype = changes.front().change->dtype();
  double bound = 0;
  for (const auto& [change, weight] : changes) bound += rounded_up * change->bound() * static_cast<double>(weight);
  const double most = dtype == Dtype::float32 ? static_cast<double>(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  if (!(bound < most)) {  // the sum, or what it is made of, might not be finite, though the terms are
    for (const auto& [change, weight] : changes) add(values_of(*change), change->magnitude().largest, weight);
    return;
  }
  Place at{};
  if (!place(bound, 1, at) || at.entry == nullptr) return;
  const auto x = changes.front().change->sum(changes);
  set_order(*at.entry, x->by_columns());
  Integers& sum = first_of(at.entry->by_columns.empty() ? at.entry->sums : at.entry->out_of_place, size_);
  in_ranges(size_, [&](std::size_t first, std::size_t last) {
    if (dtype == Dtype::float32)
      add_blocks<float>(sum, *x, at.factor, first, last);
    else
      add_blocks<double>(sum, *x, at.factor, first, last);
  });
}

void ExactSum::merge(ExactSum& other) {
  if (other.size_ != size_ || other.bits_ != bits_) throw std::logic_error("ExactSum: merge of different sums");
  other.add_waiting();
  for (auto from = other.classes_.rbegin(); from != other.classes_.rend(); ++from)
    if (Class* entry = of_class(from->first)) {
      if (!from->second.out_of_place.empty()) set_order(*entry, from->second.by_columns);
      std::ranges::move(from->second.sums, std::back_inserter(entry->sums));
      std::ranges::move(from->second.out_of_place, std::back_inserter(entry->out_of_place));
    }
  other.classes_.clear();
}

template <class T>
Vec ExactSum::quotient_of(double divisor, Dtype dtype, const InRanges& in_ranges) {
  add_waiting();
  // Where all came in one order other than the vector's, only the quotients are put in their places.
  const std::vector<MatrixAt> order = classes_.empty() ? std::vector<MatrixAt>{} : classes_.begin()->second.by_columns;
  const bool in_order = std::all_of(classes_.begin(), classes_.end(), [&](const auto& one) {
    return one.second.sums.empty() && one.second.by_columns == order;
  });
  std::vector<Part> parts;
  for (auto& [number, entry] : classes_) {
    if (!in_order) move_in_place(entry);
    Part part{.sums = {}, .unit = unit(number)};
    for (const Integers& sum : in_order ? entry.out_of_place : entry.sums) part.sums.push_back(sum.data());
    if (!part.sums.empty()) parts.push_back(std::move(part));
  }
  Vec result = Vec::uninitialized(size_, dtype);
  T* out = result.as<T>().data();
  const bool elsewhere = in_order && !order.empty();
  Buffer ordered(elsewhere ? size_ * sizeof(T) : 0);
  T* values = elsewhere ? static_cast<T*>(ordered.data()) : out;
  in_ranges(size_, [&](std::size_t first, std::size_t last) { divide_total(parts, divisor, first, last, values); });
  if (elsewhere) put_in_place(size_, order, values, out, in_ranges);
  return result;
}

Vec ExactSum::quotient(double divisor, Dtype dtype, const InRanges& in_ranges) {
  return dtype == Dtype::float32 ? quotient_of<float>(divisor, dtype, in_ranges) : quotient_of<double>(divisor, dtype, in_ranges);
}

}  // namespace fedsim
