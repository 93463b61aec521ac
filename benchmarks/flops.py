"""FLOPs of the matrix products of one training step, a sample: two (multiply, add) for each weight's use.

A layer of k inputs a unit does 2k FLOPs a unit in the forward pass, as many for the gradient of the weights, and as
many for the gradient of its input, which the first layer does not need. Elementwise work (activations, pooling, norms,
gates, softmax, the SGD step) is not counted: it lowers the efficiency, as it should.

A product of the forward pass is written (units, inputs of each unit); a convolution has height x width x filters units
of kernel x kernel x channels inputs.
"""


def conv(side, filters, kernel, channels):
    return side * side * filters, kernel * kernel * channels


def resnet18():
    products = [conv(32, 64, 3, 3)]
    for stage, width in enumerate((64, 128, 256, 512)):
        side, before = 32 >> stage, max(64, width // 2)
        products += [conv(side, width, 3, before)] + [conv(side, width, 3, width)] * 3
        if stage:
            products.append(conv(side, width, 1, before))  # the shortcut
    return products + [(10, 512)]


PRODUCTS = {
    "logistic": [(10, 784)],
    "2nn": [(200, 784), (200, 200), (10, 200)],
    "cnn": [conv(28, 32, 5, 1), conv(14, 64, 5, 32), (512, 3136), (10, 512)],
    "lenet5": [conv(24, 6, 5, 1), conv(8, 16, 5, 6), (120, 256), (84, 120), (10, 84)],
    # 80 characters: four gates of 256 units on the input (8, then 256) and on the state (256), twice; 80 logits. The
    # embedding is a look-up, so even the first product's input needs its gradient: it has no "first layer".
    "char-lstm": [(0, 0), (80 * 1024, 8 + 256), (80 * 1024, 256 + 256), (80 * 80, 256)],
    "resnet18-gn": resnet18(),
}


def per_sample(model):
    """2nn: 3 x 2 x (200 x 784 + 200 x 200 + 10 x 200) - 2 x 200 x 784 = 879,200."""
    forward = [2 * units * inputs for units, inputs in PRODUCTS[model]]
    return 3 * sum(forward) - forward[0]
