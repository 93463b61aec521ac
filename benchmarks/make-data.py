#!/usr/bin/env python3
"""Makes the files of W6 and W7 in benchmarks/data: random, of the shapes that cost what real data would cost, but with
something to learn in them, so that equal test accuracy says that two programs did the same work. Seeded; the standard
library is enough. fedsim reads them as `npz`, the peers with numpy.load.

text.npz    x [4000, 80] uint8: characters of a Markov chain in which each of 80 characters has 4 successors;
            y [4000, 80]: the character after each; x_test, y_test of 400 sequences
images.npz  x [500, 3, 32, 32] uint8: noise whose brightness in each colour is the class's; y [500] uint8;
            x_test, y_test of 100 images
"""
import pathlib
import random
import zipfile


def npy(shape, data):
    """A uint8 array in NumPy's format, version 1: magic, header length, header up to a multiple of 64 bytes, data."""
    header = repr({"descr": "|u1", "fortran_order": False, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


def text(rng, count, length, successors):
    x, y = bytearray(), bytearray()
    for _ in range(count):
        sequence = bytearray([rng.randrange(len(successors))])
        for choice in rng.choices(range(4), weights=(8, 4, 2, 1), k=length):
            sequence.append(successors[sequence[-1]][choice])
        x += sequence[:-1]
        y += sequence[1:]
    return npy((count, length), bytes(x)), npy((count, length), bytes(y))


def images(rng, count, scales):
    x, y = bytearray(), bytearray()
    for i in range(count):
        label = i % len(scales)
        y.append(label)
        for scale in scales[label]:  # one a colour
            x += rng.randbytes(32 * 32).translate(bytes(int(value * scale) for value in range(256)))
    return npy((count, 3, 32, 32), bytes(x)), npy((count,), bytes(y))


def save(path, train, test):
    if path.exists():
        return
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name, array in zip(("x", "y", "x_test", "y_test"), train + test):
            archive.writestr(name + ".npy", array)
    part.rename(path)


def main():
    folder = pathlib.Path(__file__).resolve().parent / "data"
    folder.mkdir(exist_ok=True)
    rng = random.Random(1)
    successors = [rng.sample(range(80), 4) for _ in range(80)]
    save(folder / "text.npz", text(rng, 4000, 80, successors), text(rng, 400, 80, successors))
    rng = random.Random(2)
    scales = [[rng.uniform(0.2, 1.0) for _ in range(3)] for _ in range(10)]
    save(folder / "images.npz", images(rng, 500, scales), images(rng, 100, scales))


if __name__ == "__main__":
    main()
