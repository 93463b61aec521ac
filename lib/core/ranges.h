// Loops that may be shared between threads, for those who have none.
#pragma once

#include <cstddef>
#include <functional>

namespace fedsim {

/// Of values [first, last), which no other call has.
using RangeWork = std::function<void(std::size_t first, std::size_t last)>;
/// Calls work for ranges that together are [0, size), and returns when all of it is done.
using InRanges = std::function<void(std::size_t size, const RangeWork& work)>;

inline void in_one_range(std::size_t size, const RangeWork& work) { work(0, size); }

}  // namespace fedsim
