#include "report/partition_picture.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>

#include "catch.hpp"
#include "core/error.h"
#include "temporary_folder.hpp"

using namespace fedsim;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// n clients; client k has k + 1 samples of each of `classes` labels.
PartitionPicture growing(std::int64_t clients, std::int64_t classes) {
  PartitionPicture picture{
      .title = "a < b & c", .available = 0, .classes = classes, .sizes = {}, .counts = {}, .noise = {}};
  for (std::int64_t k = 0; k < clients; ++k) {
    picture.sizes.push_back((k + 1) * classes);
    picture.counts.insert(picture.counts.end(), static_cast<std::size_t>(classes), k + 1);
  }
  picture.available = std::accumulate(picture.sizes.begin(), picture.sizes.end(), std::int64_t{0});
  return picture;
}

}  // namespace

TEST_CASE("histogram: every value in one bin, the largest in the last", "[report]") {
  const Histogram h = histogram({0, 1, 2.5, 5, 5, 10}, {0, 2.5, 5, 7.5, 10});
  CHECK(h.edges == std::vector<double>{0, 2.5, 5, 7.5, 10});
  CHECK(h.counts == std::vector<std::int64_t>{2, 1, 2, 1});
}

TEST_CASE("size histogram: whole numbers, no bin that cannot be hit, ratios for heavy tails", "[report]") {
  const Histogram few = size_histogram({1, 2, 2, 4}, 8);  // four possible sizes: four bins of one
  CHECK(few.edges == std::vector<double>{1, 2, 3, 4, 5});
  CHECK(few.counts == std::vector<std::int64_t>{1, 2, 0, 1});
  std::vector<std::int64_t> heavy(999, 0);
  heavy.push_back(99'998);  // edges (10^5)^(i/5) - 1 = 0, 9, 99, 999, 9999, 99999
  const Histogram h = size_histogram(heavy, 5);
  CHECK(h.logarithmic);
  CHECK(h.edges == std::vector<double>{0, 9, 99, 999, 9999, 99999});
  CHECK(h.counts == std::vector<std::int64_t>{999, 0, 0, 0, 1});
  CHECK(size_histogram({7, 7, 7}, 8).counts == std::vector<std::int64_t>{3});
}

TEST_CASE("the terminal's view: numbers, skew and shades", "[report]") {
  // Client 0: all of label 0; client 1: 1 of 25 label 0 (·), 2 label 1 (8 %: ░), 22 label 2 (88 %: █).
  const PartitionPicture picture{.title = "quick: x by y",
                                 .available = 40,
                                 .classes = 3,
                                 .sizes = {4, 25, 0},
                                 .counts = {4, 0, 0, 1, 2, 22, 0, 0, 0},
                                 .noise = {0.f, 0.05f, 0.1f}};
  const std::string text = partition_text(picture);
  // Skew by hand: overall (5, 2, 22)/29; client 0: TV = 24/29; client 1: TV = 22/25 - 22/29 + 2/25 - 2/29 =
  // 24/25 - 24/29. (4 * 24/29 + 25 * (24/25 - 24/29)) / 29 = (24 - 21 * 24/29) / 29 = 0.2283
  CHECK(text ==
        "quick: x by y\n\n"
        "clients  3\n"
        "samples  29 of 40 (11 not used)\n"
        "sizes    min 0, median 4, mean 9.7, max 25, 1 client without samples\n"
        "noise    std 0 to 0.1\n"
        "skew     0.228 (label distributions: 0 all alike, 0.67 one label a client)\n"
        "\n client     size  0 1 2 \n"
        "      0        4  ██    \n"
        "      1       25  ··░░██\n"
        "      2        0        \n"
        "                  share of the client's samples: · under 5 %, ░ 5, ▒ 15, ▓ 35, █ 60 % and more\n");
}

TEST_CASE("many clients: the first rows and a histogram of all sizes", "[report]") {
  const std::string text = partition_text(growing(1000, 2));
  CHECK(text.find("... and 980 more") != std::string::npos);
  CHECK(text.find("samples    clients") != std::string::npos);
  CHECK(count(text, "\n") < 45);
  // No labels: sizes only.
  PartitionPicture plain = growing(50, 1);
  plain.classes = 0;
  plain.counts.clear();
  const std::string sizes_only = partition_text(plain);
  CHECK(sizes_only.find("skew") == std::string::npos);
  CHECK(sizes_only.find("samples    clients") != std::string::npos);
}

TEST_CASE("many labels stay within the width of a terminal", "[report]") {
  for (const std::int64_t classes : {10, 62, 100, 1000}) {
    std::istringstream lines(partition_text(growing(3, classes)));
    for (std::string line; std::getline(lines, line);) {
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; });
      CHECK(columns <= 100);
    }
  }
}

TEST_CASE("SVG: a rectangle for each label of each client up to 100 clients", "[report]") {
  // + 1 for the background, + 10 of the legend.
  CHECK(count(partition_svg(growing(10, 10)), "<rect") == 10 * 10 + 11);
  CHECK(count(partition_svg(growing(100, 10)), "<rect") == 100 * 10 + 11);
  const std::string svg = partition_svg(growing(10, 10));
  CHECK(svg.find("a &lt; b &amp; c") != std::string::npos);
  CHECK(svg.rfind("</svg>\n") == svg.size() - 7);
  CHECK(svg.find("nan") == std::string::npos);
}

TEST_CASE("SVG: beyond 100 clients, 100 of them and two histograms", "[report]") {
  for (const std::int64_t clients : {101, 10'000}) {
    const std::string svg = partition_svg(growing(clients, 10));
    CHECK(count(svg, "<rect") == 100 * 10 + 11 + 2 * 30);
    CHECK(svg.find("samples a client, all clients") != std::string::npos);
    CHECK(svg.find("most frequent label") != std::string::npos);
    CHECK(svg.size() < 200'000);
  }
}

TEST_CASE("SVG: degenerate splits draw", "[report]") {
  PartitionPicture empty = growing(3, 2);
  std::fill(empty.sizes.begin(), empty.sizes.end(), 0);
  std::fill(empty.counts.begin(), empty.counts.end(), 0);
  CHECK(partition_svg(empty).find("nan") == std::string::npos);
  PartitionPicture equal = growing(200, 1);
  std::fill(equal.sizes.begin(), equal.sizes.end(), 5);
  std::fill(equal.counts.begin(), equal.counts.end(), 5);
  CHECK(partition_svg(equal).find("nan") == std::string::npos);
}

TEST_CASE("SVG: a file that cannot be written is an output error", "[report]") {
  const TemporaryFolder folder;
  write_partition_svg(folder / "split.svg", growing(4, 2));
  CHECK(std::filesystem::file_size(folder / "split.svg") == partition_svg(growing(4, 2)).size());
  CHECK_THROWS_AS(write_partition_svg(folder / "missing/split.svg", growing(4, 2)), OutputError);
}
