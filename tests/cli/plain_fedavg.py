#!/usr/bin/env python3
"""Federated averaging of the 2NN as a plain loop in numpy: the source of the accuracies in learning_test.cpp.

usage: plain_fedavg.py FOLDER [SEEDS]    FOLDER holds the four IDX files (.gz or not) of MNIST or Fashion-MNIST

784-200-200-10, ReLU, inputs in [0, 1], PyTorch's default initialisation, 100 IID clients of 600 images, ten a round,
one epoch of batches of 10 at rate 0.1, mean weighted by samples. Prints mean and standard deviation over seeds.
Needs numpy. Shares no line, no random number and no data order with fedsim.
"""
import gzip
import pathlib
import sys

import numpy as np


def idx(folder, name, header):
    plain = pathlib.Path(folder) / name
    data = plain.read_bytes() if plain.exists() else gzip.decompress(pathlib.Path(f"{plain}.gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=header)


def load(folder):
    def images(name):
        return idx(folder, name, 16).reshape(-1, 784).astype(np.float32) / 255

    return (images("train-images-idx3-ubyte"), idx(folder, "train-labels-idx1-ubyte", 8),
            images("t10k-images-idx3-ubyte"), idx(folder, "t10k-labels-idx1-ubyte", 8))


def initial(random):
    model = []
    for inputs, outputs in ((784, 200), (200, 200), (200, 10)):
        bound = inputs**-0.5
        model.append(random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32))
        model.append(random.uniform(-bound, bound, outputs).astype(np.float32))
    return model


def forward(model, x):
    w1, b1, w2, b2, w3, b3 = model
    h1 = np.maximum(x @ w1 + b1, 0)
    h2 = np.maximum(h1 @ w2 + b2, 0)
    return h1, h2, h2 @ w3 + b3


def step(model, x, y, rate):
    w1, b1, w2, b2, w3, b3 = model
    h1, h2, z = forward(model, x)
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    d3 = p / len(y)
    d2 = (d3 @ w3.T) * (h2 > 0)
    d1 = (d2 @ w2.T) * (h1 > 0)
    for parameter, gradient in ((w3, h2.T @ d3), (b3, d3.sum(0)), (w2, h1.T @ d2), (b2, d2.sum(0)), (w1, x.T @ d1),
                                (b1, d1.sum(0))):
        parameter -= rate * gradient


def run(data, seed, rounds):
    x, y, test_x, test_y = data
    random = np.random.default_rng(seed)
    model = initial(random)
    clients = random.permutation(len(x)).reshape(100, -1)
    accuracy = []
    for _ in range(rounds):
        total = [np.zeros(w.shape) for w in model]
        chosen = random.choice(100, 10, replace=False)
        for k in chosen:
            local = [w.copy() for w in model]
            rows = random.permutation(clients[k])
            for i in range(0, len(rows), 10):
                step(local, x[rows[i:i + 10]], y[rows[i:i + 10]], 0.1)
            for t, w in zip(total, local):
                t += w / len(chosen)
        model = [t.astype(np.float32) for t in total]
        accuracy.append((forward(model, test_x)[2].argmax(1) == test_y).mean())
    return accuracy


def main():
    data = load(sys.argv[1])
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    runs = np.array([run(data, seed, 20) for seed in range(seeds)])
    for at in (1, 5, 10, 20):
        print(f"round {at:2}: {runs[:, at - 1].mean():.4f} +- {runs[:, at - 1].std(ddof=1):.4f}")


main()
