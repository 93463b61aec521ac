#include <fmt/format.h>
#include <hdf5.h>

#include <fstream>

#include "catch.hpp"
#include "cli/bad_inputs.h"

namespace fedsim::test {
namespace {

/// A big-endian IDX header: type uint8 and the extents.
std::string idx(const std::vector<std::uint32_t>& extents) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(extent >> shift);
  return bytes;
}

/// A .npy header of version 1 and nothing behind it.
std::string npy(const std::string& dictionary) {
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(dictionary.size()) + '\0' + dictionary;
}

const std::string mnist = "rounds = 1\n[data]\ndataset = \"mnist\"\nroot = \"d\"\n[partition]\nclients = 2\n[model]\nname = \"2nn\"\n";
const std::string images = "d/mnist/train-images-idx3-ubyte", labels = "d/mnist/train-labels-idx1-ubyte";
const std::string hdf5 =
    "rounds = 1\n[data]\ndataset = \"hdf5\"\nfile = \"x.h5\"\n[partition]\nclients = 2\n[model]\nname = \"logistic\"\n";
const std::string npz = "rounds = 1\n[data]\ndataset = \"npz\"\nfile = \"x.npy\"\nlabels_file = \"y.npy\"\n[partition]\nclients = 2\n"
                        "[model]\nname = \"logistic\"\n";

std::string csv() { return csv_config("scheme = \"iid\"\nclients = 2\n"); }

void external_link(const TempFolder& folder) {
  const hid_t file = H5Fcreate((folder / "x.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group = H5Gcreate2(file, "train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  REQUIRE(H5Lcreate_external("/etc/passwd", "/x", group, "x", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  REQUIRE(H5Lcreate_external("/etc/passwd", "/y", group, "y", H5P_DEFAULT, H5P_DEFAULT) >= 0);
  H5Gclose(group);
  H5Fclose(file);
}

std::vector<BadInput> bad_data() {
  return {
      {21, "a missing file", csv(), 3, {"x.csv"}},
      {21, "a missing data set", mnist, 3, {"mnist", "datasets/scripts"}},
      {22, "a gzip file without its name", mnist, 3, {images, "gzip"}, {{images, "\x1f\x8b\x08 and so on"}, {labels, idx({1}) + "x"}}},
      {22, "another magic number", mnist, 3, {images}, {{images, "PNG, perhaps"}, {labels, idx({1}) + "x"}}},
      {23, "shorter than its header says", mnist, 3, {images, "1584", "800"},
       {{images, idx({2, 28, 28}) + std::string(784, 'x')}, {labels, idx({2}) + "\1\2"}}},
      {24, "more images than labels", mnist, 3, {"2", "1"},
       {{images, idx({2, 28, 28}) + std::string(2 * 784, 'x')}, {labels, idx({1}) + "\1"},
        {"d/mnist/t10k-images-idx3-ubyte", idx({1, 28, 28}) + std::string(784, 'x')}, {"d/mnist/t10k-labels-idx1-ubyte", idx({1}) + "\1"}}},
      {25, "extents whose product overflows", mnist, 3, {images},
       {{images, idx({0x80000000u, 0x80000000u, 0x80000000u})}, {labels, idx({1}) + "\1"}}},
      {26, "NumPy objects", npz, 3, {"x.npy", "object"},
       {{"x.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (3, 2), }\n")}, {"y.npy", "\x93NUMPY"}}},
      {27, "not HDF5", hdf5, 3, {"x.h5"}, {{"x.h5", "this is not HDF5"}}},
      {28, "HDF5 with an external link", hdf5, 3, {"x.h5", "external link"}, {}, {"run", "bad.toml"}, external_link},
      {29, "a negative label", csv(), 3, {"x.csv", "label -1 at index 1"}, {{"x.csv", "a,b,label\n1,2,0\n1,2,-1\n1,2,1\n1,2,0\n"}}},
      {30, "NaN in the features", csv(), 3, {"x.csv:3", "allow_nonfinite"}, {{"x.csv", "a,b,label\n1,2,0\n1,nan,1\n1,2,1\n1,2,0\n"}}},
      {31, "a ragged row", csv(), 3, {"x.csv:3"}, {{"x.csv", "a,b,label\n1,2,0\n3,4\n"}}},
      {31, "text in a number", csv(), 3, {"x.csv:2", "two"}, {{"x.csv", "a,b,label\n1,two,0\n"}}},
      {31, "CRLF is accepted", csv(), 0, {}, {{"x.csv", "a,b,label\r\n1,2,0\r\n3,4,1\r\n5,6,0\r\n7,8,1\r\n9,1,0\r\n2,1,1\r\n"}}},
      {32, "one class only", csv(), 3, {"every label is 0"}, {{"x.csv", "a,b,label\n1,2,0\n3,4,0\n5,6,0\n7,8,0\n"}}},
      {32, "an empty test set", csv(), 3, {"empty test set"}, {{"x.csv", "a,b,label\n1,2,0\n3,4,1\n1,3,0\n3,5,1\n"}},
       {"run", "bad.toml", "--set", "data.test_fraction=0.1"}},
  };
}

/// A finished run of two rounds with two checkpoints, as bad.h5, .ckpt and .ckpt.previous.
const std::string finished = "rounds = 2\n" + std::string(
    "[data]\ndataset = \"synthetic\"\nsamples_per_client = 20\n[partition]\nscheme = \"natural\"\nclients = 5\n[model]\n"
    "name = \"logistic\"\n[output]\ncheckpoint_every = 1\n");
void finish(const TempFolder& folder) { fedsim_ok(folder, {"run", "bad.toml", "-o", "bad.h5", "--quiet"}); }
void damage(const TempFolder& folder, const char* file) { std::ofstream(folder / file) << "damaged"; }

void from_the_future(const TempFolder& folder) {
  finish(folder);
  const hid_t file = H5Fopen((folder / "bad.h5").c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t version = H5Aopen(file, "format_version", H5P_DEFAULT);
  const std::int64_t newer = 99;
  REQUIRE(H5Awrite(version, H5T_NATIVE_INT64, &newer) >= 0);
  H5Aclose(version);
  H5Fclose(file);
}

std::vector<BadInput> bad_outputs() {
  const std::vector<std::string> resume{"run", "bad.toml", "-o", "bad.h5", "--resume", "--set"};
  const auto with = [&](const char* set) {
    auto words = resume;
    words.emplace_back(set);
    return words;
  };
  return {
      {34, "a folder that is not there", synthetic, 4, {"no/such/folder", "mkdir -p"}, {}, {"run", "bad.toml", "-o", "no/such/folder/x.h5"}},
      {35, "the result exists", finished, 4, {"bad.h5", "--force", "--resume"}, {}, {"run", "bad.toml", "-o", "bad.h5"}, finish},
      {36, "a newer format", finished, 4, {"bad.h5", "needs a newer fedsim"}, {}, {"show", "bad.h5"}, from_the_future},
      {37, "resumed with another config", finished, 2, {"config_hash differs"}, {}, with("client.lr=0.5"), finish},
      {38, "a damaged checkpoint", finished, 0, {"bad.ckpt", "trying the one before"}, {}, with("rounds=3"),
       [](const TempFolder& folder) { finish(folder), damage(folder, "bad.ckpt"); }},
      {38, "two damaged checkpoints", finished, 4, {"bad.ckpt", "no checkpoint can be read", "--force"}, {}, with("rounds=3"),
       [](const TempFolder& folder) { finish(folder), damage(folder, "bad.ckpt"), damage(folder, "bad.ckpt.previous"); }},
      {39, "a GPU that is not there", synthetic, 4, {"cpu"}, {}, {"run", "bad.toml", "--device", "cuda:63"}},
      // Memory of the host that runs out is in faults_test.cpp, which bounds it.
      {40, "a model larger than any memory",
       "[data]\ndataset = \"synthetic\"\nsamples_per_client = 20\nfeatures = 1000000\n[partition]\nscheme = \"natural\"\n"
       "clients = 5\n[model]\nlayers = [\"linear 900000\", \"relu\", \"linear 10\"]\n", 2,
       {"bad.toml:9:10", "linear 900000", "900000000000 parameters"}},
  };
}

}  // namespace

std::vector<BadInput> bad_files() {
  auto all = bad_data();
  for (auto& row : bad_outputs()) all.push_back(std::move(row));
  return all;
}

}  // namespace fedsim::test
