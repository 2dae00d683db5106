# SPDX-License-Identifier: MIT
"""PyTorch's side of mnist.c: mnist.py FOLDER. Succeeds if it reached 98 %."""
import math
import sys

import torch

import peer

PIXELS, BATCH, EPOCHS = 784, 64, 10


def read(name, header):
    with open(f"{sys.argv[1]}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def network():
    layers = [torch.nn.Linear(PIXELS, 300), torch.nn.Linear(300, 100), torch.nn.Linear(100, 10)]
    for layer in layers[:2]:
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    torch.nn.init.xavier_uniform_(layers[2].weight)
    for layer in layers:
        torch.nn.init.zeros_(layer.bias)
    relu = torch.nn.ReLU
    return torch.nn.Sequential(layers[0], relu(), layers[1], relu(), layers[2])


def reaches_98():
    torch.manual_seed(int(sys.argv[2]))
    x = read("train-images-idx3-ubyte", 16).reshape(-1, PIXELS).float() / 255
    y = read("train-labels-idx1-ubyte", 8).long()
    test_x = read("t10k-images-idx3-ubyte", 16).reshape(-1, PIXELS).float() / 255
    test_y = read("t10k-labels-idx1-ubyte", 8).long()
    net, cost = network(), torch.nn.CrossEntropyLoss()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    batches = (len(x) + BATCH - 1) // BATCH
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        for batch in range(batches):
            part = (epoch + batch / batches) / EPOCHS
            optimiser.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * part)) / 2
            rows = order[batch * BATCH:(batch + 1) * BATCH]
            optimiser.zero_grad(set_to_none=True)
            cost(net(x[rows]), y[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
        if accuracy >= 0.98:
            return True
    return False


sys.exit(0 if reaches_98() else 1)
