# SPDX-License-Identifier: MIT
"""What the peers on PyTorch share: one thread, and a median of times."""
import time

import torch

torch.set_num_threads(1)


def median_us(step, count):
    """Microseconds of one call of step: the median of count calls, a fifth more to warm up."""
    times = []
    for _ in range(count + count // 5):
        begin = time.perf_counter()
        step()
        times.append(time.perf_counter() - begin)
    times = sorted(times[count // 5:])
    return 1e6 * times[len(times) // 2]
