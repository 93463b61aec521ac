#include <set>

#include "partition/labelled.h"

using namespace fedsim;
using test::label_counts;
using test::labelled;
using test::make;

namespace {
std::unique_ptr<PartitionScheme> per_client(std::int64_t k) {
  return make<PartitionScheme>("classes", {{"classes_per_client", k}});
}
}  // namespace

TEST_CASE("#C=1 with ten clients: one whole label each", "[partition]") {
  const Dataset data = labelled(1000, 10);
  const Partition split = per_client(1)->split({&data, {}, 10, 1});
  for (std::int64_t k = 0; k < 10; ++k)
    CHECK(label_counts(split, data, k)[static_cast<std::size_t>(k)] == 100);
}

TEST_CASE("#C=k: k labels each, own label first, a label in equal parts over its holders", "[partition]") {
  const Dataset data = labelled(5000, 10);
  for (const std::int64_t k : {2, 3, 10})
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const Partition split = per_client(k)->split({&data, {}, 23, seed});
      std::vector<std::set<std::int64_t>> parts(10);  // sizes of a label's parts
      for (std::int64_t client = 0; client < 23; ++client) {
        const auto counts = label_counts(split, data, client);
        std::int64_t labels = 0;
        for (std::size_t c = 0; c < 10; ++c) {
          labels += counts[c] > 0;
          if (counts[c] > 0) parts[c].insert(counts[c]);
        }
        CHECK(labels == k);
        CHECK(counts[static_cast<std::size_t>(client % 10)] > 0);
      }
      for (const auto& sizes : parts) CHECK(*sizes.rbegin() - *sizes.begin() <= 1);
      CHECK(test::used_rows(split).size() == 5000);
    }
}

TEST_CASE("#C=2: the other label is uniform over the nine", "[partition]") {
  // 9000 clients with own label 0 mod 10 in 90,000 clients; count their other label. Expected 1000 each of 9;
  // chi-square with 8 degrees of freedom: 99.99 % quantile 31.8.
  const Dataset data = labelled(900'000, 10);
  const Partition split = per_client(2)->split({&data, {}, 90'000, 1});
  std::vector<double> others(10, 0);
  for (std::int64_t client = 0; client < 90'000; client += 10) {
    const auto counts = label_counts(split, data, client);
    for (std::size_t c = 1; c < 10; ++c) others[c] += counts[c] > 0;
  }
  double chi_square = 0;
  for (std::size_t c = 1; c < 10; ++c) chi_square += (others[c] - 1000) * (others[c] - 1000) / 1000;
  CHECK(chi_square < 31.8);
}

TEST_CASE("#C=k: labels that nobody holds are left out, as in NIID-Bench", "[partition]") {
  const Dataset data = labelled(1000, 10);
  CHECK(test::used_rows(per_client(1)->split({&data, {}, 4, 1})).size() == 400);
}

TEST_CASE("#C=k: impossible requests", "[partition]") {
  const Dataset data = labelled(1000, 10);
  CHECK(test::refused_option(*per_client(11), {&data, {}, 10, 1}) == "classes_per_client");
  CHECK(test::refused_option(*per_client(1), {&data, {}, 1001, 1}) == "clients");
  // 15 rows, labels 0..9: labels 0..4 have two rows, 5..9 one. 15 clients with one row each.
  const Dataset small = labelled(15, 10);
  CHECK(test::refused_option(*per_client(1), {&small, {}, 15, 1}) == "");
  const Dataset uneven = [] {  // nine rows of label 0, one of label 1: clients 1, 3, 5, ... share that one
    Dataset d = labelled(10, 2);
    std::fill(d.labels.begin(), d.labels.end(), 0);
    d.labels[9] = 1;
    return d;
  }();
  CHECK(test::refused_option(*per_client(1), {&uneven, {}, 4, 1}) == "clients");
}
