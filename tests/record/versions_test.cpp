// Files of older format versions, as the programs of their time wrote them (fixtures/README.md says how).
#include <filesystem>

#include "catch.hpp"
#include "record/checkpoint.h"

using namespace fedsim;
namespace fs = std::filesystem;

TEST_CASE("a checkpoint of format version 1 is read") {
  const auto c = read_checkpoint(fs::path(FEDSIM_FIXTURES) / "v1.ckpt", [](const std::string& text) { FAIL(text); });
  REQUIRE(c.has_value());
  CHECK(c->round == 4);
  CHECK(c->config_hash == "5abca808da833373fe47129dc1eed9e27ed604587b0a440f98ae6e829fa26fd3");
  CHECK(c->config.find("name = \"scaffold\"") != std::string::npos);
  CHECK(c->trainer == "compiled");
  CHECK(c->device == "cpu");
  CHECK(c->isa == "avx512");
  CHECK(c->libtorch_version == "2.11.0");
  CHECK(c->resumed_on.empty());
  CHECK(c->state.w.size() == 6);
  CHECK(c->state.w.dtype() == Dtype::float64);
  CHECK(c->state.vectors.size() == 2);  // SCAFFOLD's c and the server's momentum
  CHECK(c->clients.size() == 3);        // two of three clients in each of four rounds
  for (const auto& [client, state] : c->clients) CHECK(state.vectors.at("c").size() == 6);
  // The server's c is the mean of the clients' where all took part and N = 3 of them have one: c = sum c_k / N.
  double sum = 0;
  for (const auto& [client, state] : c->clients) sum += state.vectors.at("c").at(0);
  CHECK(c->state.vectors.at("c").at(0) == Approx(sum / 3));
}
