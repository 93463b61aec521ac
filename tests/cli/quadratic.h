// Experiments on quadratics, where every algorithm can be followed with pencil and paper: client k has
//   f_k(w) = a_k/2 (w - b_k)^2,
// so K steps of gradient descent with rate eta from w end at  w_k = w + q_k (b_k - w),  q_k = 1 - (1 - eta a_k)^K.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/program.h"
#include "cli/result_file.h"

namespace fedsim::test {

/// One-dimensional clients.
struct Line {
  std::vector<double> a, b;
  std::vector<std::int64_t> samples{}, steps{};
  double start = 0;
};

/// A folder with q.h5 and a config for it; runs of it.
class QuadraticRun {
 public:
  explicit QuadraticRun(const QuadraticFile& data);
  explicit QuadraticRun(const Line& line);

  /// Runs with `lines` of TOML beside data, model and dtype; all clients take part unless `lines` has a [sampling]
  /// table. Returns the result file.
  std::filesystem::path run(const std::string& top, const std::string& tables) const;
  /// The final model of such a run.
  std::vector<double> model(const std::string& top, const std::string& tables) const;
  const TempFolder& folder() const { return folder_; }
  /// Writes the config that run() would use and returns its path.
  std::filesystem::path config(const std::string& top, const std::string& tables) const;

 private:
  TempFolder folder_;
  std::size_t clients_;
};

/// 1 - (1 - eta a)^steps
double progress(double eta, double a, double steps);

}  // namespace fedsim::test
