"""Chapter 10 against the library: the written-out convolution is `nn.Conv2d`, forward and backward."""

import numpy as np


def example(library_layer, rng):
    stride = int(rng.integers(1, 4))
    layer = library_layer(3, 4, 3, rng, stride=stride)
    layer.bias.value[...] = rng.normal(size=4)
    return layer, rng.normal(size=(2, 3, 8, 7)), stride


def forward(conv_forward, library_layer, rng):
    layer, x, stride = example(library_layer, rng)
    ours = conv_forward(x, layer.weight.value, layer.bias.value, stride)
    np.testing.assert_allclose(ours, layer.forward(x, training=True), rtol=1e-10, atol=1e-12)


def backward(conv_backward, library_layer, rng):
    layer, x, stride = example(library_layer, rng)
    grad = rng.normal(size=layer.forward(x, training=True).shape)
    dx, dW, db = conv_backward(grad, x, layer.weight.value, stride)
    np.testing.assert_allclose(dx, layer.backward(grad), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dW, layer.weight.grad, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(db, layer.bias.grad, rtol=1e-10, atol=1e-12)


COMPARE = {"conv_forward": forward, "conv_backward": backward}
