// Softmax cross-entropy over the classes of every target.
#pragma once

#include "train/compiled/kernels.h"
#include "train/learner.h"

namespace fedsim::compiled {

/// logits [rows, classes], targets [rows], -1: padding. Sums of the loss and of the hits (argmax, first of
/// equals). `gradient` [rows, classes], where not null: `factor` times that of the mean over targets that are not padding,
/// or of the sum where `mean` is false; all zero for a batch of padding.
template <class T>
Evaluation cross_entropy(const T* logits, const std::int32_t* targets, Index rows, Index classes, bool mean,
                         T factor, T* gradient);

}  // namespace fedsim::compiled
