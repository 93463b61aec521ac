#include "fuzz/targets.h"

#include <unistd.h>

#include <fstream>

#include "config/source.h"
#include "config/value.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/registry.h"
#include "data/csv_table.h"
#include "data/dataset.h"
#include "data/idx.h"
#include "data/npy.h"
#include "record/checkpoint.h"
#include "record/committed_rows.h"
#include "record/result_reader.h"

namespace fedsim::fuzz {
namespace {

namespace fs = std::filesystem;

/// The bytes as a file; one for each process, which runs one target at a time.
fs::path as_file(Input bytes, const char* ending) {
  static const fs::path folder = [] {
    std::string pattern = (fs::temp_directory_path() / "fedsim-fuzz-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::logic_error("can't make a temporary folder");
    return fs::path(pattern);
  }();
  struct Removed {
    ~Removed() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  };
  static const Removed at_the_end;
  const fs::path path = folder / (std::string("input") + ending);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return path;
}

/// Sets the one option "file".
class FileOption final : public OptionVisitor {
 public:
  explicit FileOption(fs::path file) : file_(std::move(file)) {}
  void operator()(std::string_view name, Path& value, std::string_view) override {
    if (name == "file") value.text = file_.string();
  }
  void operator()(std::string_view, double&, Range, std::string_view) override {}
  void operator()(std::string_view, std::int64_t&, Range, std::string_view) override {}
  void operator()(std::string_view, bool&, std::string_view) override {}
  void operator()(std::string_view, std::string&, const Choices&, std::string_view) override {}
  void operator()(std::string_view, Bytes&, std::string_view) override {}
  void operator()(std::string_view, std::vector<std::string>&, std::string_view) override {}
  void operator()(std::string_view, std::vector<double>&, Range, std::string_view) override {}
  void operator()(std::string_view, std::optional<double>&, Range, std::string_view) override {}
  void operator()(std::string_view, std::optional<std::int64_t>&, Range, std::string_view) override {}

 private:
  fs::path file_;
};

void load(const char* source, Input bytes, const char* ending) {
  FileOption file(as_file(bytes, ending));
  const Dataset data = Registry<DataSource>::find(source)->make(file)->load({});
  std::vector<float> x(static_cast<std::size_t>(elements(data.sample_shape)));
  std::vector<std::int32_t> y(static_cast<std::size_t>(data.targets));
  const std::int64_t last = data.train->size() - 1;
  if (last >= 0) data.train->gather({&last, 1}, x.data(), y.data());
}

void config(Input bytes) {
  auto source = std::make_shared<Source>();
  source->name = "exp.toml";
  source->text.assign(bytes.begin(), bytes.end());
  source->index_lines();
  check_encoding(*source);
  parse_toml(source);
}

void idx(Input bytes) {
  const fs::path path = as_file(bytes, "");
  const bool images = bytes.size() > 3 && bytes[3] == 3;
  read_idx(path, images ? 3 : 1);
}

void npy(Input bytes) { to_labels(parse_npy(bytes, "input.npy").values, "input.npy"); }
void npz(Input bytes) { load("npz", bytes, ".npz"); }
void csv(Input bytes) { read_csv(as_file(bytes, ".csv"), false); }
void hdf5(Input bytes) { load("hdf5", bytes, ".h5"); }

/// The hash at the end is made right: no fuzzer would guess it, and what is behind it must hold without.
void checkpoint(Input bytes) {
  constexpr std::size_t trailer = 64;
  std::string text(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(std::min(bytes.size(), trailer)));
  text += Hash().add(text).hex();
  read_checkpoint(as_file({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, ".ckpt"),
                  [](const std::string&) {});
}

void result(Input bytes) {
  const ResultReader reader(as_file(bytes, ".h5"));
  if (reader.has_model()) reader.model(), reader.model_names(), reader.model_shapes();
  reader.partition_sizes();
  if (reader.committed_rounds() > 0) read_committed_rows(reader, reader.committed_rounds() - 1);
}

}  // namespace

const std::map<std::string, Target>& targets() {
  static const std::map<std::string, Target> all{
      {"config", config},         {"idx", idx},      {"npy", npy}, {"npz", npz}, {"csv", csv}, {"hdf5", hdf5},
      {"checkpoint", checkpoint}, {"result", result}};
  return all;
}

bool run(Target target, Input bytes) {
  try {
    target(bytes);
    return true;
  } catch (const Error&) {
  } catch (const OptionError&) {
  }
  return false;
}

}  // namespace fedsim::fuzz
