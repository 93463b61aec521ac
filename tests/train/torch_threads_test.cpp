// What is set up for a thread before it uses LibTorch.
#include "train/torch_threads.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>

#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "catch.hpp"

using namespace fedsim;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("a thread has one intra-op thread, and LibTorch says each thing once") {
  std::ostringstream said;
  auto* before = std::cerr.rdbuf(said.rdbuf());
  for (int i = 0; i < 2; ++i)
    std::thread([i] {
      use_one_torch_thread();
      CHECK(at::get_num_threads() == 1);
      for (int again = 0; again < 3; ++again) TORCH_WARN("the weather is ", again == 2 ? "good" : "bad");
      TORCH_WARN("thread ", i);
    }).join();
  std::cerr.rdbuf(before);
  CHECK(count(said.str(), "the weather is bad") == 1);
  CHECK(count(said.str(), "the weather is good") == 1);
  CHECK(count(said.str(), "thread 0") == 1);
  CHECK(count(said.str(), "thread 1") == 1);
}
