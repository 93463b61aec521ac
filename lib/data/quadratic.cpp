// Quadratic clients for theory and tests: f_k(w) = 1/2 (w - c_k)' H_k (w - c_k), one client a row of an HDF5
// file: /H [N, d, d], /c [N, d], optional /samples [N] (weights, default 1), /steps [N] (local steps, over
// client.steps) and /w0 [d] (start, default 0). One "batch" is the whole client.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/hdf5/file.h"
#include "data/dataset.h"

namespace fedsim {
namespace {

/// Rows that only count: the partition's weights. Nothing is ever trained on them.
class VirtualRows final : public Samples {
 public:
  explicit VirtualRows(std::int64_t size) : size_(size) {}
  std::int64_t size() const override { return size_; }
  void gather(std::span<const std::int64_t>, float*, std::int32_t*) const override { refuse(); }
  void gather(std::span<const std::int64_t>, double*, std::int32_t*) const override { refuse(); }

 private:
  [[noreturn]] static void refuse() { throw std::logic_error("quadratic clients have no samples to gather"); }
  std::int64_t size_;
};

void check_finite(const hdf5::Dataset& dataset, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw dataset.error(fmt::format("{} at index {}; expected finite numbers", values[i], i));
}

/// H_k must be symmetric: otherwise H_k (w - c_k) is not the gradient of f_k.
void check_symmetric(const hdf5::Dataset& dataset, const std::vector<double>& hessian, std::size_t n,
                     std::size_t d) {
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = 0; i < d; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const double a = hessian[(k * d + i) * d + j], b = hessian[(k * d + j) * d + i];
        if (std::abs(a - b) > 1e-9 * (std::abs(a) + std::abs(b)))
          throw dataset.error(
              fmt::format("H[{0}] is not symmetric: H[{0}][{1},{2}] = {3}, H[{0}][{2},{1}] = {4}\n"
                          "help: store (H + H') / 2, which has the same loss",
                          k, i, j, a, b));
      }
}

std::vector<std::int64_t> read_counts(const hdf5::Group& root, const std::string& name,
                                      std::int64_t clients) {
  const auto dataset = root.dataset(name);
  dataset.expect_shape({clients});
  auto values = dataset.read<std::int64_t>();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::int64_t sum = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (values[k] < 1) throw dataset.error(fmt::format("{} at index {}; expected at least 1", values[k], k));
    if (values[k] > most - sum)
      throw dataset.error(fmt::format("the sum up to index {} exceeds 2^63 - 1", k));
    sum += values[k];
  }
  return values;
}

Quadratics read(const hdf5::Group& root) {
  Quadratics all;
  const auto centers = root.dataset("c");
  centers.expect_shape({-1, -1});
  all.clients = centers.shape()[0];
  all.dimension = centers.shape()[1];
  if (all.clients < 1 || all.dimension < 1)
    throw centers.error(fmt::format("has shape {}, expected at least one client and one dimension",
                                    to_string(centers.shape())));
  const auto hessians = root.dataset("H");
  hessians.expect_shape({all.clients, all.dimension, all.dimension});
  all.center = centers.read<double>();
  all.hessian = hessians.read<double>();
  check_finite(centers, all.center);
  check_finite(hessians, all.hessian);
  check_symmetric(hessians, all.hessian, static_cast<std::size_t>(all.clients),
                  static_cast<std::size_t>(all.dimension));
  all.samples.assign(static_cast<std::size_t>(all.clients), 1);
  if (root.has("samples")) all.samples = read_counts(root, "samples", all.clients);
  if (root.has("steps")) all.steps = read_counts(root, "steps", all.clients);
  all.start.assign(static_cast<std::size_t>(all.dimension), 0.0);
  if (root.has("w0")) {
    const auto start = root.dataset("w0");
    start.expect_shape({all.dimension});
    all.start = start.read<double>();
    check_finite(start, all.start);
  }
  return all;
}

class Quadratic final : public DataSource {
 public:
  struct Options {
    Path file;
    void visit(OptionVisitor& option) {
      option("file", file,
             "HDF5 file with /H [N,d,d], /c [N,d] and optionally /samples, /steps [N], /w0 [d]");
    }
  };
  explicit Quadratic(Options options) : options_(std::move(options)) {}

  Dataset load(const DataContext& context) const override {
    if (options_.file.empty())
      throw OptionError{"file", "dataset 'quadratic' needs a file", "file = \"q.h5\""};
    const auto path = context.config_folder / options_.file.text;
    const auto file = hdf5::File::open_foreign(path);
    auto all = std::make_shared<Quadratics>(read(file.root()));
    Dataset data;
    data.name = "quadratic";
    data.origin = path.string();
    data.sample_shape = {all->dimension};
    data.classes = 1;
    data.user_offsets.push_back(0);
    for (const auto samples : all->samples) data.user_offsets.push_back(data.user_offsets.back() + samples);
    data.train = data.test = std::make_shared<VirtualRows>(data.user_offsets.back());
    data.bytes = (all->hessian.size() + all->center.size()) * sizeof(double);
    data.quadratic = std::move(all);
    return data;
  }

 private:
  Options options_;
};

const Register<DataSource, Quadratic> entry{"quadratic",
                                            "clients with quadratic losses from an HDF5 file, for theory"};

}  // namespace
}  // namespace fedsim
