// A layer of the plan: its workspaces, its forward and its backward pass. Images are channels last inside the
// plan, [count, height, width, channels]; sequences are [count, time, features].
#pragma once

#include <cassert>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "core/buffer.h"
#include "core/random.h"
#include "model/network.h"
#include "train/compiled/factors.h"
#include "train/compiled/kernels.h"

namespace fedsim::compiled {

/// Values in a recycled buffer that grows and never shrinks. Zeros where `grow` made room.
template <class T>
class Room {
 public:
  void grow(Index count) {
    const auto bytes = static_cast<std::size_t>(count) * sizeof(T);
    if (buffer_.grow(bytes)) std::memset(buffer_.data(), 0, bytes);
  }
  T* data() { return static_cast<T*>(buffer_.data()); }
  const T* data() const { return static_cast<const T*>(buffer_.data()); }

 private:
  Buffer buffer_;
};

/// Plain SGD, for layers that update their weights at once: gradients that are never stored. The backward pass carries -lr
/// times the gradients then, so that a product is a step. Vectors are [d].
template <class T>
struct Fused {
  T lr, weight_decay, prox;
  const T* anchor;
  const T* linear;
  const T* origin;  // null, or what the new parameters are written minus
  T* out;           // the new parameters from `first` on
  Index first = 0;
  T* at(Index offset) const { return out + (offset - first); }
};

/// Rooms for what does not outlive a call: one of each for the whole plan.
template <class T>
struct Scratch {
  Room<T> packed;  // filters, or their gradient
  Room<T> patches, squares, products, filters;  // transformed, see winograd.cpp
  Room<T> zeros, waste;                         // what stands for pixels beyond an image's edges: read, written
};

template <class T>
class Dual;
template <class T>
class InputMajor;

/// What a pass through the plan knows.
template <class T>
struct Pass {
  const Kernels<T>& kernels;
  Scratch<T>* scratch;
  Index count = 0;                  // samples
  const T* w = nullptr;             // [d] parameters
  T* gradient = nullptr;            // [d] every layer stores its part, unless it updates its weights at once; -lr times
                                    // the gradient where `fused` or `factored`, as all that the backward pass carries
  const Fused<T>* fused = nullptr;  // set: linear and recurrent weights are updated in the backward pass
  bool factored = false;            // linear layers leave their changes to `factors`
  Dual<T>* dual = nullptr;          // set: the first layer, a linear one, is in dual form
  const std::int64_t* places = nullptr;  // [count] of the samples among all of the client's, for dual
  std::span<InputMajor<T>> input_major{};  // linear layers that the run holds by inputs
  Inputs<T> inputs{};                    // [count, in] what the first layer, a linear one, reads where its x is null
  bool training = false;            // dropout masks are drawn
  Random* dropout = nullptr;
};

template <class T>
class Node {
 public:
  virtual ~Node() = default;
  /// Makes room for outputs and gradients of up to `count` samples; other rooms grow when they are first used.
  virtual void reserve(Index count) = 0;
  /// The output, in the node's own room (or x itself); x stays untouched until the backward pass is over.
  virtual const T* forward(const Pass<T>& pass, const T* x) = 0;
  /// dy: gradient of the output, may be overwritten. The gradient of the input, in a room of the node (or dy
  /// itself), or null where `need_dx` is false. Called at most once after a forward pass.
  virtual T* backward(const Pass<T>& pass, T* dy, bool need_dx) = 0;
  /// A node that can apply a following ReLU by itself does so from now on and returns true.
  virtual bool absorb_relu() { return false; }
  /// Adds the factors of its parameters' gradients, after a backward pass with `factored`.
  virtual void factors(std::vector<Factor<T>>&) const {}
  /// Adds the ranges of the flat vector whose gradient is stored even where `fused` is set: [first, last).
  virtual void stored_ranges(std::vector<std::pair<Index, Index>>&) const {}
};

template <class T>
using NodePtr = std::unique_ptr<Node<T>>;

/// Layers one after the other.
template <class T>
class Sequence final : public Node<T> {
 public:
  /// Throws Refusal.
  Sequence(const std::vector<Layer>& layers, const Network& network);
  void reserve(Index count) override;
  const T* forward(const Pass<T>& pass, const T* x) override;
  T* backward(const Pass<T>& pass, T* dy, bool need_dx) override;
  void factors(std::vector<Factor<T>>& list) const override;
  void stored_ranges(std::vector<std::pair<Index, Index>>& ranges) const override;

 private:
  std::vector<NodePtr<T>> nodes_;
};

/// Why a layer is not accepted.
struct Refusal {
  std::string reason;
};

// One file each. They throw Refusal.
template <class T>
NodePtr<T> make_linear(const Layer&, const Network&);
template <class T>
NodePtr<T> make_conv(const Layer&, const Network&);
template <class T>
NodePtr<T> make_maxpool(const Layer&);
template <class T>
NodePtr<T> make_average(const Layer&);  // avgpool, globalpool
template <class T>
NodePtr<T> make_activation(const Layer&);
template <class T>
NodePtr<T> make_dropout(const Layer&);
template <class T>
NodePtr<T> make_groupnorm(const Layer&, const Network&);
template <class T>
NodePtr<T> make_layernorm(const Layer&, const Network&);
template <class T>
NodePtr<T> make_embedding(const Layer&, const Network&);
template <class T>
NodePtr<T> make_lstm(const Layer&, const Network&);
template <class T>
NodePtr<T> make_last(const Layer&);
template <class T>
NodePtr<T> make_residual(const Layer&, const Network&);
/// [c, h, w] as torch has it to channels last, or back.
template <class T>
NodePtr<T> make_transpose(const Shape& image, bool to_channels_last);

inline bool is_image(const Shape& shape) { return shape.size() == 3; }
/// Channels last and channels first are the same bytes.
inline bool layout_free(const Shape& image) { return image[0] == 1 || image[1] * image[2] == 1; }

/// Where the layer's i-th parameter begins in the flat vector.
inline Index offset_of(const Layer& layer, const Network& network, std::size_t i) {
  return network.parameters[static_cast<std::size_t>(layer.parameters[i])].offset;
}

/// Stores the gradient of a weight matrix at `offset`, or updates the matrix at once; `p` without c and
/// write.
template <class T>
void weight_gradient(const Pass<T>& pass, Index offset, Product<T> p);
/// The same for the gradient of a bias: sums of the columns of d [rows, columns]. `room`: [columns].
template <class T>
void bias_gradient(const Pass<T>& pass, Index offset, const T* d, Index rows, Index columns, T* room);

}  // namespace fedsim::compiled
