#!/usr/bin/env python3
"""Makes circles.csv and quadratic.h5 beside this file. Needs numpy and h5py (Debian: python3-h5py)."""
import pathlib

import h5py
import numpy as np

folder = pathlib.Path(__file__).parent
random = np.random.default_rng(1)

# Two noisy circles: radius 1 is label 0, radius 2 label 1.
label = np.arange(400) % 2
angle = random.uniform(0, 2 * np.pi, 400)
radius = 1 + label + random.normal(0, 0.2, 400)
with open(folder / "circles.csv", "w") as file:
    file.write("x,y,label\n")
    for x, y, c in zip(radius * np.cos(angle), radius * np.sin(angle), label):
        file.write(f"{x:.4f},{y:.4f},{c}\n")

# f_1 = 1/2 (w - 0)^2, f_2 = 4/2 (w - 1)^2
with h5py.File(folder / "quadratic.h5", "w") as file:
    file["H"] = np.array([[[1.0]], [[4.0]]])
    file["c"] = np.array([[0.0], [1.0]])
