# SPDX-License-Identifier: MIT
"""PyTorch's side of mlp.c: the same network and recipe on one thread. Prints microseconds.

    mlp.py step              median of one step
    mlp.py to98 FOLDER       training until 98 % of MNIST's test set are read right
"""
import math
import sys
import time

import torch

PIXELS, BATCH, EPOCHS = 784, 64, 10
torch.set_num_threads(1)
torch.manual_seed(1)


def network():
    layers = [torch.nn.Linear(PIXELS, 300), torch.nn.Linear(300, 100), torch.nn.Linear(100, 10)]
    for layer in layers[:2]:
        torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    torch.nn.init.xavier_uniform_(layers[2].weight)
    for layer in layers:
        torch.nn.init.zeros_(layer.bias)
    relu = torch.nn.ReLU
    return torch.nn.Sequential(layers[0], relu(), layers[1], relu(), layers[2])


def trainer(net, rate, momentum=0):
    optimiser = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum)
    cost = torch.nn.CrossEntropyLoss()

    def step(x, y, rows):
        optimiser.zero_grad(set_to_none=True)
        cost(net(x[rows]), y[rows]).backward()
        optimiser.step()

    return optimiser, step


def one_step():
    x = torch.rand(6400, PIXELS)  # floats already: no conversion of bytes is timed here
    y = torch.randint(0, 10, (6400,))
    _, step = trainer(network(), 0.01)
    times = []
    for _ in range(600):
        rows = torch.randint(0, 6400, (BATCH,))
        begin = time.perf_counter()
        step(x, y, rows)
        times.append(time.perf_counter() - begin)
    times = sorted(times[100:])
    return times[len(times) // 2]


def read(folder, name, header):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)


def to98(folder):
    x = read(folder, "train-images-idx3-ubyte", 16).reshape(-1, PIXELS).float() / 255
    y = read(folder, "train-labels-idx1-ubyte", 8).long()
    test_x = read(folder, "t10k-images-idx3-ubyte", 16).reshape(-1, PIXELS).float() / 255
    test_y = read(folder, "t10k-labels-idx1-ubyte", 8).long()
    net = network()
    optimiser, step = trainer(net, 0.05, 0.9)
    begin, batches = time.perf_counter(), (len(x) + BATCH - 1) // BATCH
    for epoch in range(EPOCHS):
        order = torch.randperm(len(x))
        for batch in range(batches):
            part = (epoch + batch / batches) / EPOCHS
            optimiser.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * part)) / 2
            step(x, y, order[batch * BATCH:(batch + 1) * BATCH])
        with torch.no_grad():
            accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
        if accuracy >= 0.98:
            return time.perf_counter() - begin
    return math.nan


print(1e6 * (one_step() if sys.argv[1] == "step" else to98(sys.argv[2])))
