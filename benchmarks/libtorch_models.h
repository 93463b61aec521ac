// The models of the workloads as a researcher writes them with torch::nn.
#pragma once

#include <torch/nn.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace bench {

namespace nn = torch::nn;
using torch::Tensor;

inline nn::Conv2d conv(int in, int out, int kernel, int padding = 0, int stride = 1, bool bias = true) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, kernel).stride(stride).padding(padding).bias(bias));
}
inline nn::GroupNorm norm(int channels) { return nn::GroupNorm(nn::GroupNormOptions(2, channels)); }

struct ResidualImpl : nn::Module {
  nn::Sequential body, shortcut;
  ResidualImpl(int in, int out, int stride)
      : body(conv(in, out, 3, 1, stride, false), norm(out), nn::ReLU(), conv(out, out, 3, 1, 1, false), norm(out)) {
    register_module("body", body);
    if (stride != 1) shortcut = nn::Sequential(conv(in, out, 1, 0, stride, false), norm(out));
    register_module("shortcut", shortcut);
  }
  Tensor forward(const Tensor& x) {
    return torch::relu(body->forward(x) + (shortcut->is_empty() ? x : shortcut->forward(x)));
  }
};
TORCH_MODULE(Residual);

struct CharLstmImpl : nn::Module {
  nn::Embedding embedding;
  nn::LSTM lstm;
  nn::Linear linear;
  explicit CharLstmImpl(int tokens)
      : embedding(tokens, 8), lstm(nn::LSTMOptions(8, 256).num_layers(2).batch_first(true)), linear(256, tokens) {
    register_module("embedding", embedding);
    register_module("lstm", lstm);
    register_module("linear", linear);
  }
  Tensor forward(const Tensor& x) {  // [batch, 80] -> [batch, tokens, 80]
    return linear(std::get<0>(lstm->forward(embedding(x)))).transpose(1, 2);
  }
};
TORCH_MODULE(CharLstm);

inline nn::Sequential resnet18() {
  nn::Sequential net(conv(3, 64, 3, 1, 1, false), norm(64), nn::ReLU());
  for (const int width : {64, 128, 256, 512}) {
    net->push_back(Residual(std::max(64, width / 2), width, width == 64 ? 1 : 2));
    net->push_back(Residual(width, width, 1));
  }
  net->push_back(nn::AdaptiveAvgPool2d(1));
  net->push_back(nn::Flatten());
  net->push_back(nn::Linear(512, 10));
  return net;
}

inline nn::Sequential build(const std::string& name) {
  const auto pool = [] { return nn::MaxPool2d(2); };
  if (name == "logistic") return nn::Sequential(nn::Flatten(), nn::Linear(784, 10));
  if (name == "2nn")
    return nn::Sequential(nn::Flatten(), nn::Linear(784, 200), nn::ReLU(), nn::Linear(200, 200), nn::ReLU(),
                          nn::Linear(200, 10));
  if (name == "cnn")
    return nn::Sequential(conv(1, 32, 5, 2), nn::ReLU(), pool(), conv(32, 64, 5, 2), nn::ReLU(), pool(), nn::Flatten(),
                          nn::Linear(3136, 512), nn::ReLU(), nn::Linear(512, 10));
  if (name == "lenet5")
    return nn::Sequential(conv(1, 6, 5), nn::ReLU(), pool(), conv(6, 16, 5), nn::ReLU(), pool(), nn::Flatten(),
                          nn::Linear(256, 120), nn::ReLU(), nn::Linear(120, 84), nn::ReLU(), nn::Linear(84, 10));
  if (name == "char-lstm") return nn::Sequential(CharLstm(80));
  if (name == "resnet18-gn") return resnet18();
  throw std::invalid_argument("no model " + name);
}

}  // namespace bench
