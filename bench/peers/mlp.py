# SPDX-License-Identifier: MIT
"""PyTorch's side of mlp.c: the same network and step on one thread. Prints microseconds.

    mlp.py mlp.sgd64 | mlp.sgd128 | mlp.adam64
"""
import sys

import torch

import peer

torch.manual_seed(1)
layers = [torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100), torch.nn.ReLU(),
          torch.nn.Linear(100, 10)]
net = torch.nn.Sequential(*layers)
rows = 128 if sys.argv[1].endswith("128") else 64
x, y = torch.rand(rows, 784), torch.randint(0, 10, (rows,))
cost = torch.nn.CrossEntropyLoss()
if "adam" in sys.argv[1]:
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-4, foreach=True)
else:
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)


def step():
    optimiser.zero_grad(set_to_none=True)
    cost(net(x), y).backward()
    optimiser.step()


print(peer.median_us(step, 500))
