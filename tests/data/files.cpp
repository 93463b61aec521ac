#include "data/files.h"

#include <stdlib.h>
#include <zlib.h>

#include <fstream>
#include <numeric>
#include <stdexcept>

#include "core/options.h"

namespace fedsim::test {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib");
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  std::string in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int end = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (end != Z_STREAM_END) throw std::runtime_error("zlib");
  return out;
}

std::string idx(const std::vector<std::uint32_t>& shape, const std::string& values) {
  std::string out{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const auto dimension : shape)
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(dimension >> shift & 0xFF));
  return out + values;
}

namespace {

class Setter final : public OptionVisitor {
 public:
  explicit Setter(const std::map<std::string, OptionValue>& values) : values_(values) {}
  void operator()(std::string_view name, double& value, Range, std::string_view) override {
    set(name, value);
  }
  void operator()(std::string_view name, std::int64_t& value, Range, std::string_view) override {
    set(name, value);
  }
  void operator()(std::string_view name, bool& value, std::string_view) override { set(name, value); }
  void operator()(std::string_view name, std::string& value, const Choices&, std::string_view) override {
    set(name, value);
  }
  void operator()(std::string_view name, Path& value, std::string_view) override { set(name, value.text); }
  void operator()(std::string_view name, Bytes& value, std::string_view) override { set(name, value.count); }
  void operator()(std::string_view name, std::vector<std::string>& value, std::string_view) override {
    set(name, value);
  }
  void operator()(std::string_view name, std::vector<double>&, Range, std::string_view) override {
    refuse(name);
  }
  void operator()(std::string_view name, std::optional<double>& value, Range, std::string_view) override {
    set_optional(name, value);
  }
  void operator()(std::string_view name, std::optional<std::int64_t>& value, Range,
                  std::string_view) override {
    set_optional(name, value);
  }
  std::size_t used = 0;

 private:
  template <class T>
  void set(std::string_view name, T& value) {
    const auto found = values_.find(std::string(name));
    if (found == values_.end()) return;
    value = std::get<T>(found->second);
    ++used;
  }
  template <class T>
  void set_optional(std::string_view name, std::optional<T>& value) {
    if (!values_.contains(std::string(name))) return;
    value.emplace();
    set(name, *value);
  }
  void refuse(std::string_view name) {
    if (values_.contains(std::string(name))) throw std::logic_error("no test sets such an option");
  }
  const std::map<std::string, OptionValue>& values_;
};

/// Hides the user's own FEDSIM_DATA, which would win over the folders that tests name.
class WithoutVariable {
 public:
  WithoutVariable() {
    if (const char* value = getenv("FEDSIM_DATA")) value_ = value;
    unsetenv("FEDSIM_DATA");
  }
  ~WithoutVariable() {
    if (value_) setenv("FEDSIM_DATA", value_->c_str(), 1);
  }

 private:
  std::optional<std::string> value_;
};

}  // namespace

Dataset load_source(const std::string& source, const std::map<std::string, OptionValue>& options,
                    const DataContext& context) {
  const WithoutVariable without_variable;
  Setter setter(options);
  const auto made = Registry<DataSource>::find(source)->make(setter);
  if (setter.used != options.size()) throw std::logic_error("an option that '" + source + "' does not have");
  return made->load(context);
}

Gathered gather(const Samples& samples, std::int64_t first, std::int64_t count, const Dataset& data) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), first);
  Gathered out;
  out.x.resize(static_cast<std::size_t>(count * elements(data.sample_shape)));
  out.y.resize(static_cast<std::size_t>(count * data.targets));
  samples.gather(rows, out.x.data(), out.y.data());
  return out;
}

}  // namespace fedsim::test
