/* SPDX-License-Identifier: MIT */
/* Matrix products, a panel of rows at a time, with elementwise operations over each panel while it
 * is in the inner caches: bias, activation, the update of what the product is a gradient of. */
#include "fn/steps/steps_internal.h"

static size_t product_units(const ad__step *s)
{
    const ad__product *p = s->plan;
    return p->gemm.m > p->unit ? (size_t)(p->gemm.m / p->unit) : 1;
}

/* The last unit has the rows that are left. A panel takes them along if they are fewer. */
static ad_status product_run(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                             unsigned char *buffer)
{
    const ad__product *p = s->plan;
    size_t row = (size_t)p->gemm.n * ad_type_bytes(p->type);
    uint32_t whole = p->z != AD__NONE ? p->z : p->over;
    size_t panel_bytes =
        ad__product_buffer(p) - (p->block != NULL ? ad__block_buffer(p->block) : 0);
    int64_t last = end == product_units(s) ? p->gemm.m : (int64_t)end * p->unit;
    int64_t most = p->block != NULL ? p->panel : p->gemm.m;
    for (int64_t at = (int64_t)first * p->unit, rows; at < last; at += rows) {
        rows = last - at < most + p->unit ? last - at : most;
        unsigned char *z =
            whole == AD__NONE ? buffer : (unsigned char *)f->cell[whole] + (size_t)at * row;
        ad__gemm_rows(&p->gemm, p->type == AD_F64, at, rows, f->cell[p->x], f->cell[p->y], z);
        if (p->block != NULL) {
            size_t begin = (size_t)(at * p->gemm.n);
            ad__run_block_range(p->block, f, begin, begin + (size_t)(rows * p->gemm.n),
                                buffer + panel_bytes, p->operand, z - (size_t)at * row);
        }
    }
    return AD_OK;
}

size_t ad__product_buffer(const ad__product *p)
{
    size_t panel = (size_t)((p->panel + p->unit) * p->gemm.n) * ad_type_bytes(p->type);
    panel = (panel + AD_ALIGNMENT - 1) / AD_ALIGNMENT * AD_ALIGNMENT;
    int is_in_room = p->z == AD__NONE && p->over == AD__NONE;
    return (is_in_room ? panel : 0) + (p->block != NULL ? ad__block_buffer(p->block) : 0);
}

static int product_is_ready(const ad__step *s, int parts)
{
    const ad__product *p = s->plan;
    return ad__gemm_has_memory(&p->gemm, p->type == AD_F64, parts);
}

const ad__step_kind ad__product_kind = {"product", product_units, product_run, product_is_ready};
