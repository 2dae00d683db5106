/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_CPU_INTERNAL_H
#define AD_BASE_CPU_INTERNAL_H

/* 512 if the CPU has AVX-512 F, DQ, BW and VL; else 256 if it has AVX2 and FMA; else 0. */
int ad__cpu_vectors(void);

#endif
