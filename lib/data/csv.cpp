// Tables of numbers: a header row, one column of labels (whole numbers from 0), the others features.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/text.h"
#include "data/assemble.h"
#include "data/csv_table.h"

namespace fedsim {
namespace {

std::size_t target_column(const CsvTable& table, const std::string& target, const std::string& path) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), target);
  if (found != table.columns.end()) return static_cast<std::size_t>(found - table.columns.begin());
  const auto close = nearest(target, table.columns);
  throw OptionError{
      "target", fmt::format("{} has no column '{}'; it has {}", path, target, list_of(table.columns, "and")),
      close.empty() ? "name the column of labels with target" : fmt::format("did you mean '{}'?", close)};
}

/// Takes the labels out of a table.
Part split_columns(const CsvTable& table, std::size_t target, const std::string& path) {
  const auto width = table.columns.size();
  Part part;
  part.where = path;
  part.where_labels = fmt::format("{} (column '{}')", path, table.columns[target]);
  std::vector<double> features;
  features.reserve(table.rows() * (width - 1));
  for (std::size_t row = 0; row < table.rows(); ++row)
    for (std::size_t i = 0; i < width; ++i) {
      const double value = table.values[row * width + i];
      if (i != target) {
        features.push_back(value);
        continue;
      }
      if (value != std::floor(value) || std::abs(value) > std::numeric_limits<std::int32_t>::max())
        throw DataError(fmt::format("{}: label {} at index {}; expected whole numbers from 0",
                                    part.where_labels, value, row));
      part.y.push_back(static_cast<std::int32_t>(value));
    }
  part.x = std::move(features);
  return part;
}

class Csv final : public DataSource {
 public:
  struct Options {
    Path file, test_file;
    std::string target = "label";
    std::int64_t classes = 0;
    void visit(OptionVisitor& option) {
      option("file", file, "CSV file with a header row, gzipped or not");
      option("test_file", test_file, "test set with the same columns; without it test_fraction is split off");
      option("target", target, {}, "column of labels (whole numbers from 0); the others are features");
      option("classes", classes, at_least(0), "number of classes; 0: the largest label + 1");
    }
  };
  explicit Csv(Options options) : options_(std::move(options)) {}

  Dataset load(const DataContext& context) const override {
    if (options_.file.empty()) throw OptionError{"file", "dataset 'csv' needs a file", "file = \"data.csv\""};
    const auto path = context.config_folder / options_.file.text;
    const auto table = read_csv(path, context.allow_nonfinite);
    const auto target = target_column(table, options_.target, path.string());
    if (table.columns.size() < 2)
      throw DataError(
          fmt::format("{}: one column only, expected features beside '{}'", path.string(), options_.target));
    Parts parts;
    parts.name = "csv";
    parts.origin = path.string();
    parts.shape = {static_cast<std::int64_t>(table.columns.size()) - 1};
    parts.classes = options_.classes;
    parts.train = split_columns(table, target, path.string());
    if (!options_.test_file.empty()) {
      const auto test_path = context.config_folder / options_.test_file.text;
      const auto test = read_csv(test_path, context.allow_nonfinite);
      if (test.columns != table.columns)
        throw DataError(fmt::format("{}: columns {}, expected {} as in {}", test_path.string(),
                                    list_of(test.columns, "and"), list_of(table.columns, "and"),
                                    path.string()));
      parts.test = split_columns(test, target, test_path.string());
    }
    return assemble(std::move(parts), context);
  }

 private:
  Options options_;
};

const Register<DataSource, Csv> entry{"csv",
                                      "a table with a header row, one column of labels, the others features"};

}  // namespace
}  // namespace fedsim
