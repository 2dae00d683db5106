# SPDX-License-Identifier: MIT
"""PyTorch's side of tiny.c, pinn.c and deep.c on one thread. Prints microseconds.

    nets.py tiny.1-1-1 | tiny.2-2-1 | tiny.2-50-50-1 | pinn | deep.50x256 | deep.50x256.memory

The last prints the MiB that one step holds at once beyond the weights.
"""
import sys

import torch
from torch.autograd import grad

import peer

torch.manual_seed(1)
Linear, Sequential = torch.nn.Linear, torch.nn.Sequential
double = torch.float64


def dense(units, hidden, last=None, **kind):
    layers = []
    for i in range(len(units) - 1):
        layers.append(Linear(units[i], units[i + 1], **kind))
        layers.append(hidden() if i + 2 < len(units) else last and last())
    return Sequential(*[layer for layer in layers if layer])


def tiny(units, hidden, last, samples):
    net = dense(units, hidden, last, dtype=double)
    x, y = torch.randn(samples, units[0], dtype=double), torch.rand(samples, 1, dtype=double)
    weights = list(net.parameters())
    return lambda: grad(torch.nn.functional.mse_loss(net(x), y), weights)


def pinn():
    net = dense([1, 32, 32, 1], torch.nn.Tanh, dtype=double)
    x = torch.linspace(-1, 1, 100, dtype=double).reshape(100, 1).requires_grad_()
    weights = list(net.parameters())
    one = torch.ones(100, 1, dtype=double)

    def step():
        u = net(x)
        (u1,) = grad(u, x, one, create_graph=True)
        (u2,) = grad(u1, x, one, create_graph=True)
        # the output's bias is not in u'', but in u
        return grad(((u2 + u) ** 2).mean(), weights)

    return step


def deep():
    net = dense([256] * 51, torch.nn.ReLU)
    x, y = torch.randn(256, 256), torch.randn(256, 256)
    optimiser = torch.optim.SGD(net.parameters(), lr=1e-4)

    def step():
        optimiser.zero_grad(set_to_none=True)
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimiser.step()

    return step, net


def deep_memory():
    """What the profiler counts as allocated and not yet freed, at its highest."""
    step, _ = deep()
    step()
    with torch.profiler.profile(profile_memory=True) as profile:
        step()
    held = highest = 0
    for event in sorted(profile.profiler.kineto_results.events(), key=lambda e: e.start_us()):
        if event.name() == "[memory]":
            held += event.nbytes()
            highest = max(highest, held)
    return highest / 2**20


sigmoid, tanh = torch.nn.Sigmoid, torch.nn.Tanh
cases = {
    "tiny.1-1-1": lambda: peer.median_us(tiny([1, 1, 1], sigmoid, sigmoid, 1), 5000),
    "tiny.2-2-1": lambda: peer.median_us(tiny([2, 2, 1], sigmoid, sigmoid, 100), 5000),
    "tiny.2-50-50-1": lambda: peer.median_us(tiny([2, 50, 50, 1], tanh, None, 100), 3000),
    "pinn": lambda: peer.median_us(pinn(), 2000),
    "deep.50x256": lambda: peer.median_us(deep()[0], 30),
    "deep.50x256.memory": deep_memory,
}
print(cases[sys.argv[1]]())
