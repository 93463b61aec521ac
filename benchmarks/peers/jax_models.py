"""The models of W1 to W5 as functions of a list of arrays, for the peers that train with JAX. Layout: NHWC images,
[in, out] and HWIO weights, which XLA's CPU backend likes best; first values as PyTorch has them."""
import math

import jax
import jax.numpy as jnp
import numpy as np

# Convolutions (kernel, in, out) and linear layers (in, out) of each model, in order.
SHAPES = {
    "logistic": [(784, 10)],
    "2nn": [(784, 200), (200, 200), (200, 10)],
    "cnn": [(5, 1, 32), (5, 32, 64), (3136, 512), (512, 10)],
    "lenet5": [(5, 1, 6), (5, 6, 16), (256, 120), (120, 84), (84, 10)],
}


def initial(name, seed):
    """[weight, bias, weight, bias, ...], uniform on +-1/sqrt(inputs)."""
    random = np.random.default_rng(seed)
    params = []
    for shape in SHAPES[name]:
        full = (shape[0],) + shape if len(shape) == 3 else shape
        bound = 1 / math.sqrt(math.prod(full[:-1]))
        params.append(random.uniform(-bound, bound, full).astype(np.float32))
        params.append(random.uniform(-bound, bound, full[-1:]).astype(np.float32))
    return params


def pool(x):
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def direct(x, w, padding):
    return jax.lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def patches(x, w, padding):
    """The same as one matrix product. Inside lax.scan it is 10 to 30 times as fast as XLA's convolution on a CPU, whose
    gradients take a slow path there; outside, the convolution wins on the CNN."""
    k = w.shape[0]
    if padding == "SAME":
        x = jnp.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2), (0, 0)))
    side = x.shape[1] - k + 1
    columns = jnp.concatenate([x[:, i : i + side, j : j + side] for i in range(k) for j in range(k)], axis=-1)
    return columns @ w.reshape(-1, w.shape[-1])


def logits(name, params, x, convolution=patches):
    """x: [n, 784]."""
    layers = list(zip(params[::2], params[1::2]))
    if name in ("cnn", "lenet5"):
        x = x.reshape(-1, 28, 28, 1)
        padding = "SAME" if name == "cnn" else "VALID"
        while layers[0][0].ndim == 4:
            w, b = layers.pop(0)
            x = pool(jax.nn.relu(convolution(x, w, padding) + b))
        x = x.reshape(x.shape[0], -1)
    for w, b in layers[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = layers[-1]
    return x @ w + b


def loss(name, params, x, y, convolution=patches):
    z = logits(name, params, x, convolution)
    return (jax.nn.logsumexp(z, axis=1) - jnp.take_along_axis(z, y[:, None], 1)[:, 0]).mean()
