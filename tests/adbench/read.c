/* SPDX-License-Identifier: MIT */
#include "adbench.h"

#include <stdio.h>
#include <stdlib.h>

double *adbench_numbers(const char *path, int *count)
{
    FILE *file = fopen(path, "r");
    int room = 1024;
    double *numbers = malloc((size_t)room * sizeof *numbers);
    char word[64];
    *count = 0;
    while (file != NULL && numbers != NULL && fscanf(file, "%63s", word) == 1) {
        char *end;
        double number = strtod(word, &end);
        if (*end != '\0') {
            continue;
        }
        if (*count == room) {
            room *= 2;
            double *larger = realloc(numbers, (size_t)room * sizeof *numbers);
            if (larger == NULL) {
                free(numbers);
            }
            numbers = larger;
        }
        if (numbers != NULL) {
            numbers[(*count)++] = number;
        }
    }
    if (file == NULL) {
        free(numbers);
        return NULL;
    }
    (void)fclose(file);
    return numbers;
}

/* The first three numbers of a file as whole ones; NULL if there are not so many. */
static double *open_numbers(const char *path, int head[3], int *count)
{
    double *numbers = adbench_numbers(path, count);
    if (numbers == NULL || *count < 3) {
        free(numbers);
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        head[i] = (int)numbers[i];
    }
    return numbers;
}

int adbench_gmm_read(const char *path, adbench_gmm *p)
{
    int head[3], count;
    *p = (adbench_gmm){.numbers = open_numbers(path, head, &count)};
    if (p->numbers == NULL) {
        return 0;
    }
    p->d = head[0];
    p->k = head[1];
    p->n = head[2];
    p->alphas = p->numbers + 3;
    p->means = p->alphas + p->k;
    p->icf = p->means + p->k * p->d;
    p->x = p->icf + p->k * p->d * (p->d + 1) / 2;
    double *last = p->x + p->n * p->d;
    if (last + 2 != p->numbers + count) {
        free(p->numbers);
        return 0;
    }
    p->gamma = last[0];
    p->m = (int)last[1];
    return 1;
}

int adbench_lstm_read(const char *path, adbench_lstm *p)
{
    int head[3], count;
    *p = (adbench_lstm){.numbers = open_numbers(path, head, &count)};
    if (p->numbers == NULL) {
        return 0;
    }
    p->layers = head[0];
    p->characters = head[1];
    p->bits = head[2];
    p->main = p->numbers + 3;
    p->extra = p->main + 2 * p->layers * 4 * p->bits;
    p->state = p->extra + 3 * p->bits;
    p->sequence = p->state + 2 * p->layers * p->bits;
    if (p->sequence + p->characters * p->bits != p->numbers + count) {
        free(p->numbers);
        return 0;
    }
    return 1;
}
