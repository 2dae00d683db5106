/* SPDX-License-Identifier: MIT */
/* Plain arguments: counts, numbers, shapes, texts, files. */
#include "api.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOMS = 64, LARGEST_ROOM = 1 << 20 };

static uint64_t state;
static int is_hostile; /* mistakes are made in this call */
static void *rooms[ROOMS];
static int room_count;

/* ---- draws ---- */

uint64_t draw_bits(void)
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void api_start(uint64_t seed, uint64_t call)
{
    state = seed * 0xd1342543de82ef95u + call * 0x2545f4914f6cdd1du;
    is_hostile = draw_below(4) == 0;
    functions_start();
    networks_start();
}

int draw_below(int bound)
{
    return bound <= 0 ? 0 : (int)((draw_bits() >> 32) * (uint64_t)bound >> 32);
}

int draw_hostile(void)
{
    return is_hostile && draw_below(3) == 0;
}

void *or_null(const void *argument)
{
    return is_hostile && draw_below(16) == 0 ? NULL : (void *)(size_t)argument;
}

int draw_flag(void)
{
    return draw_below(2);
}

/* Of arrays that the call is given: no more than there is room for. */
int draw_count(void)
{
    return draw_hostile() ? draw_below(2) - 1 : 1 + draw_below(3);
}

size_t draw_size(void)
{
    return (size_t)draw_below(6);
}

int64_t draw_integer(void)
{
    static const int64_t hostile[] = {-1,
                                      INT64_MIN,
                                      INT64_MAX,
                                      INT64_MIN + 1,
                                      (int64_t)1 << 31,
                                      (int64_t)1 << 32,
                                      (int64_t)1 << 60,
                                      INT32_MIN,
                                      -7};
    return draw_hostile() ? hostile[draw_below((int)(sizeof hostile / sizeof hostile[0]))]
                          : draw_below(5) - 1;
}

int64_t draw_length(void)
{
    return draw_hostile() ? draw_integer() : draw_below(5);
}

double draw_number(void)
{
    static const double hostile[] = {NAN,    INFINITY, -INFINITY, 1e308,  -1e308, -0.0,
                                     5e-324, 1e-300,   1e300,     9.3e18, -1,     0};
    if (draw_hostile() || draw_below(16) == 0) {
        return hostile[draw_below((int)(sizeof hostile / sizeof hostile[0]))];
    }
    return draw_flag() ? draw_below(5) - 1 : ldexp((double)(draw_bits() >> 11), -51) - 2;
}

/* A part of something. */
double draw_part(void)
{
    return draw_hostile() ? draw_number() : ldexp((double)(draw_bits() >> 11), -53);
}

int draw_axis(void)
{
    return draw_hostile() ? (int)draw_integer() : draw_below(3) - 1;
}

ad_axes draw_axes(void)
{
    if (draw_hostile()) {
        ad_axes axes = {.count = (int8_t)draw_bits(), .keep = (int8_t)draw_bits()};
        for (int i = 0; i < AD_MAX_RANK; i++) {
            axes.axis[i] = (int8_t)draw_bits();
        }
        return axes;
    }
    const int axis[] = {draw_below(2), -1};
    return draw_flag() ? AD_ALL
                       : ad_axes_of(draw_below(4) == 0 ? 0 : 1, axis + draw_flag(), draw_flag());
}

ad_shape draw_shape(void)
{
    ad_shape shape = {.rank = draw_below(3)};
    for (int i = 0; i < shape.rank; i++) {
        shape.len[i] = draw_below(16) == 0 ? 0 : 1 + draw_below(3);
    }
    if (draw_below(32) == 0) {
        shape = AD_SHAPE(1, 2, 1, 2, 1, 1, 2, 1);
    }
    if (draw_hostile()) {
        static const int ranks[] = {-1, 9, 100, -2147483647 - 1, 2147483647, 8, 2, 3};
        shape.rank = ranks[draw_below(8)];
        for (int i = 0; i < AD_MAX_RANK; i++) {
            shape.len[i] = draw_integer();
        }
    }
    return shape;
}

ad_shape draw_window(void)
{
    ad_shape shape = {.rank = 1 + draw_flag()};
    for (int i = 0; i < shape.rank; i++) {
        shape.len[i] = draw_below(3);
    }
    return draw_hostile() ? draw_shape() : shape;
}

ad_type draw_type(void)
{
    return draw_hostile() ? (ad_type)draw_below(100)
                          : (ad_type)(draw_below(4) == 0 ? AD_I64 : draw_below(2));
}

ad_status draw_status(void)
{
    return (ad_status)draw_below(AD_ERR_UNSUPPORTED + 1);
}

ad_rng draw_rng(void)
{
    return (ad_rng){draw_bits(), draw_bits(), draw_flag() ? draw_bits() : UINT64_MAX - 1};
}

ad_mt19937 *draw_mt19937(void)
{
    static ad_mt19937 mt;
    static int is_made;
    if (!is_made) {
        ad_mt19937_init(&mt, 1);
        is_made = 1;
    }
    return &mt;
}

/* ---- texts and files ---- */

const char *draw_text(void)
{
    static char longest[1000];
    static const char *const texts[] = {
        "weight", "a", "", "%s%n%d", "\"`$(id)\n", "*/ x", "dense1.weight", "tanh", "int", "f_1"};
    if (draw_hostile() && draw_flag()) {
        memset(longest, 'x', sizeof longest - 1);
        return longest;
    }
    return texts[draw_below((int)(sizeof texts / sizeof texts[0]))];
}

const char *draw_site(void)
{
    return draw_below(4) == 0 ? NULL : draw_below(4) == 0 ? draw_text() : "fuzz.c:1";
}

FILE *draw_file(void)
{
    static FILE *file[3];
    if (file[0] == NULL) {
        file[0] = fopen("/dev/null", "w");
        file[1] = fopen("/dev/full", "w");
        file[2] = fopen("/dev/null", "r");
    }
    const int i = draw_hostile() ? draw_below(3) : 0;
    if (file[i] == NULL) {
        api_skip();
    }
    clearerr(file[i]);
    return file[i];
}

/* ---- memory for the call ---- */

void *room(size_t bytes)
{
    if (bytes > LARGEST_ROOM || room_count == ROOMS) {
        api_skip();
    }
    void *memory = calloc(1, bytes > 0 ? bytes : 1);
    if (memory == NULL) {
        api_skip();
    }
    return rooms[room_count++] = memory;
}

void forget_rooms(void)
{
    while (room_count > 0) {
        free(rooms[--room_count]);
    }
}

void fill(ad_type type, size_t count, void *out)
{
    for (size_t i = 0; i < count; i++) {
        if (type == AD_F64) {
            ((double *)out)[i] = draw_number();
        } else if (type == AD_F32) {
            ((float *)out)[i] = (float)draw_number();
        } else if (type == AD_I64) {
            ((int64_t *)out)[i] = draw_integer();
        }
    }
}

void *room_for(ad_type type, size_t count)
{
    if (count > LARGEST_ROOM) {
        api_skip();
    }
    void *out = room(count * ad_type_bytes(type));
    fill(type, count, out);
    return out;
}

int64_t *room_indices(int64_t count, int64_t bound)
{
    int64_t *out = room((size_t)(count < 0 ? 0 : count) * sizeof *out);
    for (int64_t i = 0; i < count; i++) {
        out[i] = draw_hostile() ? draw_integer() : draw_below((int)(bound > 1000 ? 1000 : bound));
    }
    return out;
}

double *room_numbers(int64_t count)
{
    return room_for(AD_F64, count < 0 ? 0 : (size_t)count);
}

int *room_integers(int count)
{
    int *out = room((size_t)(count < 0 ? 0 : count) * sizeof *out);
    for (int i = 0; i < count; i++) {
        out[i] = draw_axis();
    }
    return out;
}

ad_rng *room_rng(void)
{
    ad_rng *rng = room(sizeof *rng);
    *rng = draw_rng();
    return rng;
}

ad_shape *room_shape(void)
{
    ad_shape *shape = room(sizeof *shape);
    *shape = draw_shape();
    return shape;
}
