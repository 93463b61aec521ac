"""The models of the workloads as a researcher writes them with torch.nn, for the peers that train with PyTorch."""
import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.GroupNorm(2, outputs), nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.GroupNorm(2, outputs))
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.GroupNorm(2, outputs))

    def forward(self, x):
        return torch.relu(self.body(x) + self.shortcut(x))


class CharLstm(nn.Module):
    def __init__(self, tokens):
        super().__init__()
        self.embedding, self.lstm = nn.Embedding(tokens, 8), nn.LSTM(8, 256, 2, batch_first=True)
        self.linear = nn.Linear(256, tokens)

    def forward(self, x):  # [batch, 80] -> [batch, tokens, 80]
        return self.linear(self.lstm(self.embedding(x))[0]).transpose(1, 2)


def resnet18():
    blocks = [block for i, width in enumerate((64, 128, 256, 512))
              for block in (Residual(max(64, width // 2), width, 1 if i == 0 else 2), Residual(width, width, 1))]
    return nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.GroupNorm(2, 64), nn.ReLU(), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def build(name, tokens=80):
    if name == "logistic":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    if name == "2nn":
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(),
                             nn.Linear(200, 10))
    if name == "cnn":
        return nn.Sequential(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
                             nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, 10))
    if name == "lenet5":
        return nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                             nn.MaxPool2d(2), nn.Flatten(), nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84),
                             nn.ReLU(), nn.Linear(84, 10))
    if name == "char-lstm":
        return CharLstm(tokens)
    if name == "resnet18-gn":
        return resnet18()
    raise SystemExit(f"no model {name}")


@torch.no_grad()
def accuracy(model, x_test, y_test):
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in zip(x_test.split(500), y_test.split(500)))
    return right / y_test.numel()
