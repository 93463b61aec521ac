// The three products of a linear layer by well-kept libraries, one thread, for comparison with own kernels. Row-major:
// x [batch, in], w [out, in], d and y [batch, out].
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace fedsim::benchmark {

struct Shape {
  int batch, in, out;
};

class Library {
 public:
  virtual ~Library() = default;
  virtual std::string name() const = 0;
  /// y = x w'
  virtual void forward(const float* x, const float* w, float* y) const = 0;
  /// dx = d w
  virtual void input(const float* d, const float* w, float* dx) const = 0;
  /// w += 1e-9 d' x; d is scaled before where the library knows no factor
  virtual void update(const float* d, const float* x, float* w) const = 0;
};

/// Those that this build found: OpenBLAS always, oneDNN and libxsmm where they are installed.
std::vector<std::unique_ptr<Library>> libraries(const Shape& shape);

}  // namespace fedsim::benchmark
