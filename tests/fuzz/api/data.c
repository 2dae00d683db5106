/* SPDX-License-Identifier: MIT */
/* Arrays, tables, batches, files and figures. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

static int64_t rows_of_call; /* arrays of one call mostly have as many */

/* ---- arrays ---- */

nn_type draw_nn_type(void)
{
    return draw_hostile() ? (nn_type)draw_below(100) : (nn_type)draw_below(4);
}

/* One whose shape and data are what a call may read: shapes without data are hostile enough. */
static nn_array new_array(int axes)
{
    const nn_type type = draw_flag() ? NN_F64 : draw_nn_type();
    const int rank = 1 + draw_below(axes);
    ad_shape shape = {rank, {rows_of_call, 1 + draw_below(3), 2}};
    if (draw_below(8) == 0) {
        shape = draw_shape();
    }
    nn_array array = nn_array_view(type, shape, draw_memory((ad_type)type, shape));
    array.scale = draw_below(8) == 0 ? draw_number() : 1;
    return array;
}

void keep_array(nn_array array)
{
    nn_array *at = world_make(API_ARRAY, sizeof *at);
    *at = array;
}

static nn_array *kept_array(int axes)
{
    const nn_array array = new_array(axes);
    nn_array *at = world_make(API_ARRAY, sizeof *at);
    *at = array;
    return at;
}

static nn_array *some_array(void)
{
    rows_of_call = draw_below(5);
    const int slot = draw_flag() ? world_find(API_ARRAY) : -1;
    return slot < 0 ? kept_array(3) : world_slot(slot)->at;
}

nn_array *draw_array(void)
{
    return or_null(some_array());
}

nn_array draw_rows(int axes)
{
    rows_of_call = rows_of_call == 0 || draw_hostile() ? 1 + draw_below(5) : rows_of_call;
    return draw_below(8) == 0 ? *some_array() : *kept_array(axes);
}

int64_t rows_of(const nn_array *array)
{
    const int64_t rows =
        array == NULL || array->shape.rank <= AD_MAX_RANK ? nn_array_rows(array) : 0;
    return rows < 0 || rows > 1000 ? 0 : rows;
}

size_t row_bytes(const nn_array *array, ad_type type)
{
    const ad_shape shape = array != NULL ? array->shape : AD_SCALAR;
    if (!ad_shape_is_valid(&shape) || shape.rank == 0 || (unsigned)type > AD_I64) {
        return 0;
    }
    const ad_shape row = nn_array_row_shape(array);
    return ad_shape_count(&row) * ad_type_bytes(type);
}

/* ---- tables, batches, standards ---- */

nn_table *draw_table(void)
{
    const int slot = draw_flag() ? world_find(API_TABLE) : -1;
    if (slot >= 0) {
        return world_slot(slot)->at;
    }
    rows_of_call = draw_below(6);
    const nn_array x = new_array(2), y = new_array(1);
    nn_table *table = world_make(API_TABLE, sizeof *table);
    *table = (nn_table){.x = x, .y = y};
    return table;
}

const nn_split_options *draw_split_options(void)
{
    nn_split_options *o = room(sizeof *o);
    *o = (nn_split_options){.validation = draw_flag() ? draw_part() / 2 : 0,
                            .test = draw_flag() ? draw_part() / 2 : 0,
                            .stratify = draw_below(4) == 0,
                            .keep_order = draw_flag(),
                            .rng = draw_rng(),
                            .allocator = draw_allocator()};
    return o;
}

nn_batches *draw_batches(void)
{
    const int slot = world_find(API_BATCHES);
    return slot < 0 ? world_make(API_BATCHES, sizeof(nn_batches)) : world_slot(slot)->at;
}

const nn_batches_options *draw_batches_options(void)
{
    nn_batches_options *o = room(sizeof *o);
    *o = (nn_batches_options){draw_rng(), draw_flag(), draw_allocator()};
    return draw_flag() ? NULL : o;
}

nn_standard *draw_standard(void)
{
    const int slot = world_find(API_STANDARD);
    return slot < 0 ? world_make(API_STANDARD, sizeof(nn_standard)) : world_slot(slot)->at;
}

/* ---- files ---- */

const char *draw_path(void)
{
    static const char *const paths[] = {"a.csv",     "b.csv.gz", "c.idx",       "d.idx.gz",
                                        "e.svg",     "f.png",    "model.c",     "log.csv",
                                        "bad.csv",   "bad.idx",  "/dev/full",   "",
                                        "/dev/null", ".",        "no/file.csv", "/proc/self/mem"};
    return paths[draw_below(draw_hostile() ? 16 : 10)];
}

static nn_columns draw_columns_of(void)
{
    static const char *const names[] = {"a", "b", "y", "", "none"};
    const int count = draw_below(3);
    return draw_flag() ? (nn_columns){count, room_integers(count), NULL}
                       : (nn_columns){count, NULL, names + draw_below(3)};
}

const nn_csv_options *draw_csv_options(void)
{
    static const char separators[] = {0, ',', ';', ' ', '\t', '"', '\n', '.', 'x'};
    nn_csv_options *o = room(sizeof *o);
    *o = (nn_csv_options){.x = draw_below(4) == 0 ? draw_columns_of() : (nn_columns){0},
                          .y = draw_flag() ? draw_columns_of() : (nn_columns){0},
                          .x_type = draw_nn_type(),
                          .y_type = draw_nn_type(),
                          .header = (nn_header)draw_below(draw_hostile() ? 9 : 3),
                          .missing = (nn_missing)draw_below(draw_hostile() ? 9 : 2),
                          .separator = separators[draw_hostile() ? draw_below(9) : 0],
                          .comment = draw_flag() ? '#' : 0,
                          .allocator = draw_allocator()};
    return draw_flag() ? NULL : o;
}

const nn_read_options *draw_read_options(void)
{
    nn_read_options *o = room(sizeof *o);
    *o = (nn_read_options){draw_number(), draw_number(), draw_allocator()};
    return draw_flag() ? NULL : o;
}

/* ---- figures ---- */

const nn_curve *draw_curves(size_t count)
{
    nn_curve *curves = room(count * sizeof *curves);
    for (size_t i = 0; i < count; i++) {
        const size_t points = draw_size();
        curves[i] = (nn_curve){draw_flag() ? draw_text() : NULL, points,
                               draw_flag() ? NULL : room_numbers((int64_t)points),
                               room_numbers((int64_t)points), draw_flag()};
    }
    return curves;
}

nn_axes draw_plot_axes(void)
{
    return (nn_axes){draw_text(), draw_text(), draw_flag() ? draw_text() : NULL,
                     draw_flag(), draw_flag(), draw_flag()};
}

nn_grid draw_grid(int64_t count)
{
    const char **captions = room((size_t)(count < 0 ? 0 : count) * sizeof *captions);
    for (int64_t i = 0; i < count; i++) {
        captions[i] = draw_text();
    }
    return (nn_grid){draw_flag() ? draw_text() : NULL, draw_hostile() ? -1 : draw_below(3),
                     draw_flag() ? captions : NULL};
}
