#include "data/files.h"

#include <stdlib.h>
#include <zlib.h>

#include <fstream>
#include <numeric>
#include <stdexcept>

#include "core/options.h"

namespace fedsim::test {

namespace fs = std::filesystem;

TempFolder::TempFolder() {
  std::string name = (fs::temp_directory_path() / "fedsim-data-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_file(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

std::string gzip(const std::string& content) {
  z_stream stream{};
  if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::runtime_error("zlib");
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

Dataset load_default(const std::string& source, const DataContext& context) {
  Describer defaults;  // visits without changing anything
  return Registry<DataSource>::find(source)->make(defaults)->load(context);
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
