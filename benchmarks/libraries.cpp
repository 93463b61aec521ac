#include "libraries.h"

#include <cblas.h>

#ifdef FEDSIM_BENCH_ONEDNN
#include <dnnl.h>
#include <omp.h>
#endif
#ifdef FEDSIM_BENCH_LIBXSMM
#include <libxsmm.h>
#endif

namespace fedsim::benchmark {
namespace {

class OpenBlas final : public Library {
 public:
  explicit OpenBlas(const Shape& shape) : s_(shape) {}
  std::string name() const override { return "OpenBLAS"; }
  void forward(const float* x, const float* w, float* y) const override {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, s_.batch, s_.out, s_.in, 1, x, s_.in, w, s_.in, 0, y, s_.out);
  }
  void input(const float* d, const float* w, float* dx) const override {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s_.batch, s_.in, s_.out, 1, d, s_.out, w, s_.in, 0, dx,
                s_.in);
  }
  void update(const float* d, const float* x, float* w) const override {
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, s_.out, s_.in, s_.batch, 1e-9f, d, s_.out, x, s_.in, 1, w,
                s_.in);
  }

 private:
  Shape s_;
};

#ifdef FEDSIM_BENCH_ONEDNN
class OneDnn final : public Library {
 public:
  explicit OneDnn(const Shape& shape) : s_(shape) { omp_set_num_threads(1); }  // Debian's takes all cores
  std::string name() const override { return "oneDNN"; }
  void forward(const float* x, const float* w, float* y) const override {
    dnnl_sgemm('N', 'T', s_.batch, s_.out, s_.in, 1, x, s_.in, w, s_.in, 0, y, s_.out);
  }
  void input(const float* d, const float* w, float* dx) const override {
    dnnl_sgemm('N', 'N', s_.batch, s_.in, s_.out, 1, d, s_.out, w, s_.in, 0, dx, s_.in);
  }
  void update(const float* d, const float* x, float* w) const override {
    dnnl_sgemm('T', 'N', s_.out, s_.in, s_.batch, 1e-9f, d, s_.out, x, s_.in, 1, w, s_.in);
  }

 private:
  Shape s_;
};
#endif

#ifdef FEDSIM_BENCH_LIBXSMM
/// Compiled for the shape at run time. Column-major without a transposed first operand: the forward product takes w
/// as stored input-major [in, out], which is to libxsmm's favour; the values are the same for a benchmark.
class Libxsmm final : public Library {
 public:
  explicit Libxsmm(const Shape& s) {
    const float one = 1, zero = 0;
    const int none = LIBXSMM_GEMM_FLAG_NONE, transposed = LIBXSMM_GEMM_FLAG_TRANS_B;
    forward_ = libxsmm_smmdispatch(s.out, s.batch, s.in, nullptr, nullptr, nullptr, &one, &zero, &none, nullptr);
    input_ = libxsmm_smmdispatch(s.in, s.batch, s.out, nullptr, nullptr, nullptr, &one, &zero, &none, nullptr);
    const int rows = s.in, columns = s.out;
    update_ = libxsmm_smmdispatch(s.in, s.out, s.batch, &rows, &columns, &rows, &one, &one, &transposed, nullptr);
  }
  bool complete() const { return forward_ && input_ && update_; }
  std::string name() const override { return "libxsmm"; }
  void forward(const float* x, const float* w, float* y) const override { forward_(w, x, y); }
  void input(const float* d, const float* w, float* dx) const override { input_(w, d, dx); }
  void update(const float* d, const float* x, float* w) const override { update_(x, d, w); }

 private:
  libxsmm_smmfunction forward_, input_, update_;
};
#endif

}  // namespace

std::vector<std::unique_ptr<Library>> libraries(const Shape& shape) {
  std::vector<std::unique_ptr<Library>> list;
  list.push_back(std::make_unique<OpenBlas>(shape));
#ifdef FEDSIM_BENCH_ONEDNN
  list.push_back(std::make_unique<OneDnn>(shape));
#endif
#ifdef FEDSIM_BENCH_LIBXSMM
  if (auto jit = std::make_unique<Libxsmm>(shape); jit->complete()) list.push_back(std::move(jit));
#endif
  return list;
}

}  // namespace fedsim::benchmark
