// A sum of vectors whose bits do not depend on the order of the terms.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/ranges.h"
#include "core/sealed_change.h"
#include "core/vec.h"

namespace fedsim {

/// Adds weighted vectors in 64-bit fixed point. A term n x belongs to the magnitude class c with
/// 16^(c-1) <= n m < 16^c, where m bounds |x_i|, which depends on the term alone, and is rounded (to nearest even) to multiples
/// of 16^c 2^-bits, bits = min(51, 62 - bit width of terms). Integers of one class are added, which is associative; classes
/// are added in double at the end, in order. So there is no scale to know before the first client is trained, a term
/// is read once, and memory is one accumulator a class that occurs (one to three in practice), two where vectors come both
/// written and, in part, by columns.
///
/// The accumulator has twice the bytes of a float32 term, read and written: terms of which a few fit beside it into the core's
/// own cache, or only into the shared one, wait for others of their class, and one pass over it adds them all. Sealed changes
/// that come together are one term where they join, computed in that pass: its values are never in memory as a whole.
///
/// Resolution: 2^-bits of a term's class limit; a term keeps at least bits - 4 significant bits in its largest coordinate,
/// bits - 6 where it comes with the bound of measure() (47 and 45 for fewer than 2048 terms). Classes more than 64 bits below
/// the largest are dropped: they could not change a double.
class ExactSum {
 public:
  /// `terms`: the most vectors that may be added, over all sums that will be merged.
  ExactSum(std::size_t size, std::int64_t terms);
  /// Adds weight * x, largest >= max_abs(x), finite. weight >= 0. False, and nothing is added (x stays), where the
  /// product overflows a double.
  bool add(Vec&& x, double largest, std::int64_t weight);
  /// Adds changes whose weight * magnitude().largest is finite. They are added to each other first, rounded as their values
  /// are, so that the bits depend on which come together and in which order, and on nothing else.
  void add(std::span<const WeightedChange> changes, const InRanges& in_ranges = in_one_range);
  /// Adds the terms that wait for others, as a merge and the quotient do too.
  void add_waiting();
  /// Takes over what is in the other, which is empty then.
  void merge(ExactSum& other);
  /// sum / divisor, rounded once to the dtype.
  Vec quotient(double divisor, Dtype dtype, const InRanges& in_ranges = in_one_range);

 private:
  struct Term {
    Vec x;
    double factor;  // makes multiples of the class' unit of it
  };
  using Integers = std::vector<std::int64_t>;
  struct Class {
    std::vector<Integers> sums;          // none until a vector is added; then those of merged sums too
    std::vector<Integers> out_of_place;  // the same of vectors in blocks of which matrices come by columns
    std::vector<MatrixAt> by_columns;    // those matrices
    std::vector<Term> waiting;
  };
  struct Place {
    Class* entry;  // null: the term is 0 or too small to count
    double factor;
  };
  bool place(double largest, std::int64_t weight, Place& place);
  void add_joined(std::span<const WeightedChange> changes, const InRanges& in_ranges);
  Class* of_class(int number);    // null where it is too small to count
  double unit(int number) const;  // 16^c 2^-bits
  void add_waiting(Class& entry) const;
  static void move_in_place(Class& entry);
  template <class T>
  Vec quotient_of(double divisor, Dtype dtype, const InRanges& in_ranges);
  static void set_order(Class& entry, std::span<const MatrixAt> by_columns);
  std::size_t size_;
  int bits_;
  std::map<int, Class> classes_;
};

}  // namespace fedsim
