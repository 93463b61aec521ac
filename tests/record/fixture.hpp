// A small run to record: every value is a function of its round, so that a reader can check what it finds.
#pragma once

#include <cmath>
#include <numeric>

#include "record/result_writer.h"

namespace fedsim::test {

constexpr std::int64_t cohort = 3;

inline RoundRow round_row(std::int64_t round) {
  RoundRow row;
  row.round = round;
  row.test_accuracy = 1.0 - 1.0 / (1.0 + static_cast<double>(round));
  row.test_loss = std::exp(-0.1 * static_cast<double>(round));
  row.clients = round == 0 ? 0 : cohort;
  row.bytes_up = 1000 * round;
  row.seconds = 0.5;
  return row;
}

inline std::vector<ClientRow> client_rows(std::int64_t round) {
  std::vector<ClientRow> rows;
  for (std::int64_t k = 0; round > 0 && k < cohort; ++k) {
    ClientRow row;
    row.round = round;
    row.client = 10 * round + k;
    row.samples = 5;
    row.train_loss = 0.25 * static_cast<double>(row.client);
    row.status = k == 2 ? ClientStatus::late : ClientStatus::reported;
    rows.push_back(row);
  }
  return rows;
}

inline ResultHeader header(const std::filesystem::path& path, std::int64_t rounds) {
  ResultHeader result;
  result.path = path;
  result.rounds = rounds;
  result.cohort = cohort;
  result.attributes = {{"config", std::string("rounds = 5\n")}, {"seed", std::int64_t{7}}};
  result.tensors = {{"weight", {2, 3}}, {"bias", {}}};
  return result;
}

inline Vec model() {
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 0.5f};
  return Vec::of<float>(std::span(values));
}

/// 2 clients of 2 and 3 samples, labels 0 1 0 1 1.
inline Partition partition() {
  Partition result;
  result.offsets = {0, 2, 5};
  result.indices = {4, 0, 1, 2, 3};
  return result;
}
inline Dataset dataset() {
  Dataset data;
  data.classes = 2;
  data.labels = {0, 1, 0, 1, 1};
  return data;
}

inline void write_all(const ResultHeader& head, std::int64_t committed, const std::string& status) {
  ResultWriter writer(head);
  writer.partition(partition(), dataset());
  for (std::int64_t t = 0; t < committed; ++t) writer.add(round_row(t), client_rows(t));
  writer.finish(status, model());
}

}  // namespace fedsim::test
