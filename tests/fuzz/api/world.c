/* SPDX-License-Identifier: MIT */
/* Objects that live across calls. Each knows from which others it borrows, and is freed before
 * them; a tape does not keep what was made on it from living on. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

enum { MARKS = 8, LARGEST = 1 << 18, LONG = 400 };

static api_object slots[API_SLOTS];
static uint64_t used;            /* in this call */
static long next_age, first_age; /* of this call's objects */
static ad_mark marks[MARKS];
static int chosen_tape = -1;    /* of the call; -1: none yet */
static ad_status status_before; /* of that tape */

/* ---- the allocator ---- */

/* Counts, refuses large blocks, and fails when it is told to. */
static long live;
static long until_failure = -1; /* requests; < 0: none fails */
static int fails_forever;

static void *resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        live -= memory != NULL;
        free(memory);
        return NULL;
    }
    if (bytes > LARGEST || until_failure == 0) {
        until_failure = fails_forever ? 0 : -1;
        return NULL;
    }
    until_failure -= until_failure > 0;
    void *block = realloc(memory, bytes);
    live += memory == NULL && block != NULL;
    return block;
}

static ad_allocator allocator = {resize, NULL};

ad_allocator *world_allocator(void)
{
    return &allocator;
}

const ad_allocator *draw_allocator(void)
{
    return draw_below(8) == 0 ? NULL : &allocator;
}

ad_failing_allocator *draw_failing(void)
{
    static ad_failing_allocator state;
    state = (ad_failing_allocator){.fail_at = draw_size()};
    return &state;
}

void api_begin(void)
{
    status_before = chosen_tape < 0 ? AD_OK : ad_tape_status(slots[chosen_tape].at);
    until_failure = -1;
    if (draw_below(8) == 0) {
        until_failure = draw_below(4) == 0 ? 0 : draw_below(24);
        fails_forever = draw_flag();
    }
}

void api_end(void)
{
    until_failure = -1;
}

int tape_has_failed(const ad_tape *tape)
{
    return chosen_tape >= 0 && slots[chosen_tape].at == tape && status_before == AD_OK &&
           ad_tape_status(tape) != AD_OK;
}

/* ---- ends ---- */

static void end_tape(void *at)
{
    ad_tape_free(at);
}

static void end_fn(void *at)
{
    ad_fn_free(at);
}

static void end_workspace(void *at)
{
    ad_workspace_free(at);
}

static void end_map(void *at)
{
    ad_map_free(at);
}

static void end_sparse(void *at)
{
    ad_sparse_free(at);
}

static void end_params(void *at)
{
    nn_params_free(at);
}

static void end_layer(void *at)
{
    nn_layer_free(at);
}

static void end_model(void *at)
{
    nn_model_free(at);
}

static void end_optimiser(void *at)
{
    nn_optimiser_free(at);
}

static void clear_array(void *at)
{
    nn_array_clear(at);
}

static void clear_table(void *at)
{
    nn_table_clear(at);
}

static void clear_batches(void *at)
{
    nn_batches_clear(at);
}

static void clear_standard(void *at)
{
    nn_standard_clear(at);
}

static void clear_fit(void *at)
{
    nn_fit_result_clear(at);
}

/* Plain structs are emptied and their room is freed. */
static const struct {
    void (*end)(void *at);
    int is_struct;
} kinds[API_KINDS] = {
    [API_TAPE] = {end_tape, 0},
    [API_MEMORY] = {NULL, 1},
    [API_FN] = {end_fn, 0},
    [API_WORKSPACE] = {end_workspace, 0},
    [API_MAP] = {end_map, 0},
    [API_SPARSE] = {end_sparse, 0},
    [API_PARAMS] = {end_params, 0},
    [API_LAYER] = {end_layer, 0},
    [API_MODEL] = {end_model, 0},
    [API_OPTIMISER] = {end_optimiser, 0},
    [API_ARRAY] = {clear_array, 1},
    [API_TABLE] = {clear_table, 1},
    [API_BATCHES] = {clear_batches, 1},
    [API_STANDARD] = {clear_standard, 1},
    [API_FIT] = {clear_fit, 1},
};

/* ---- slots ---- */

static int is_taken(int slot)
{
    return slots[slot].at != NULL;
}

static uint64_t bit(int slot)
{
    return (uint64_t)1 << slot;
}

api_object *world_slot(int slot)
{
    return slot < 0 ? NULL : &slots[slot];
}

/* Frees what borrows from an object. */
static void free_borrowers(int slot)
{
    for (int i = 0; i < API_SLOTS; i++) {
        if (is_taken(i) && (slots[i].needs & bit(slot))) {
            world_free(i);
        }
    }
}

static void forget(int slot)
{
    if (slots[slot].kind == API_TAPE) {
        forget_vars_of(slots[slot].at);
        for (int i = 0; i < MARKS; i++) {
            marks[i] = marks[i].tape == slots[slot].at ? (ad_mark){0} : marks[i];
        }
    }
    chosen_tape = chosen_tape == slot ? -1 : chosen_tape;
    used &= ~bit(slot);
    slots[slot] = (api_object){.kind = -1};
}

void world_free(int slot)
{
    free_borrowers(slot);
    const api_object object = slots[slot];
    if (kinds[object.kind].end != NULL && !object.borrowed) {
        kinds[object.kind].end(object.at);
    }
    if (kinds[object.kind].is_struct) {
        free(object.at);
    }
    forget(slot);
}

void world_end(void)
{
    for (int i = 0; i < API_SLOTS; i++) {
        if (is_taken(i)) {
            world_free(i);
        }
    }
    if (live != 0) {
        apart_broken("%ld blocks of memory are left when all objects are freed", live);
    }
}

/* All that an object borrows from, and it. */
static uint64_t lenders(uint64_t of)
{
    uint64_t all = of;
    for (int i = 0; i < API_SLOTS; i++) {
        all |= of & bit(i) ? slots[i].needs : 0;
    }
    for (int i = 0; i < API_SLOTS; i++) {
        all &= slots[i].kind == API_TAPE ? ~bit(i) : all;
    }
    return all;
}

int world_slot_of(int kind, const void *at)
{
    for (int i = 0; i < API_SLOTS; i++) {
        if (is_taken(i) && slots[i].kind == kind && slots[i].at == at) {
            return i;
        }
    }
    return -1;
}

int world_find(int kind)
{
    const int first = draw_below(API_SLOTS);
    for (int i = 0; i < API_SLOTS; i++) {
        const int slot = (first + i) % API_SLOTS;
        if (is_taken(slot) && slots[slot].kind == kind) {
            used |= bit(slot);
            return slot;
        }
    }
    return -1;
}

/* A free slot; if there is none, an object that the call does not use is freed. */
static int free_slot(void)
{
    const int first = draw_below(API_SLOTS);
    for (int i = 0; i < API_SLOTS; i++) {
        if (!is_taken((first + i) % API_SLOTS)) {
            return (first + i) % API_SLOTS;
        }
    }
    for (int i = 0; i < API_SLOTS; i++) {
        const int slot = (first + i) % API_SLOTS;
        if (!(lenders(used) & bit(slot)) && !(used & bit(slot))) {
            uint64_t borrowers = bit(slot);
            for (int j = 0; j < API_SLOTS; j++) {
                borrowers |= slots[j].needs & bit(slot) ? bit(j) : 0;
            }
            if ((borrowers & used) == 0) {
                world_free(slot);
                return slot;
            }
        }
    }
    return -1;
}

int world_keep(int kind, void *at)
{
    if (at == NULL || world_slot_of(kind, at) >= 0) {
        return -1;
    }
    got_good();
    const int slot = free_slot();
    if (slot < 0) {
        apart_broken("no slot is left");
    }
    slots[slot] = (api_object){.kind = kind, .at = at, .age = next_age++, .other = -1};
    used |= bit(slot);
    return slot;
}

void *world_make(int kind, size_t bytes)
{
    void *at = calloc(1, bytes > 0 ? bytes : 1);
    if (at == NULL) {
        api_skip();
    }
    (void)world_keep(kind, at);
    return at;
}

void *world_take(int kind)
{
    const int slot = draw_below(8) == 0 ? -1 : world_find(kind);
    if (slot < 0 || slots[slot].borrowed) {
        return NULL;
    }
    void *at = slots[slot].at;
    free_borrowers(slot);
    forget(slot);
    return at;
}

void *world_empty(int kind)
{
    const int slot = world_find(kind);
    if (slot < 0) {
        api_skip();
    }
    free_borrowers(slot);
    return slots[slot].at;
}

void world_borrow(int slot)
{
    used |= slot >= 0 ? bit(slot) : 0;
}

void world_finish(void)
{
    const uint64_t all = lenders(used);
    for (int i = 0; i < API_SLOTS; i++) {
        if (!(used & bit(i)) || !is_taken(i)) {
            continue;
        }
        if (slots[i].kind == API_TAPE) {
            slots[i].needs |= all & ~bit(i);
        } else if (slots[i].age >= first_age && slots[i].kind != API_MEMORY) {
            for (int j = 0; j < API_SLOTS; j++) {
                slots[i].needs |= slots[j].age < slots[i].age ? all & bit(j) : 0;
            }
        }
    }
    first_age = next_age;
    used = 0;
    chosen_tape = -1;
}

/* ---- tapes ---- */

static int count_of(int kind)
{
    int count = 0;
    for (int i = 0; i < API_SLOTS; i++) {
        count += is_taken(i) && slots[i].kind == kind;
    }
    return count;
}

int tape_slot(void)
{
    enum { TAPES = 3 };
    if (chosen_tape < 0) {
        if (count_of(API_TAPE) < TAPES && draw_below(4) == 0) {
            chosen_tape = world_keep(API_TAPE, ad_tape_new_in(&allocator));
        }
        chosen_tape = chosen_tape < 0 ? world_find(API_TAPE) : chosen_tape;
        if (chosen_tape < 0) {
            chosen_tape = world_keep(API_TAPE, ad_tape_new_in(&allocator));
        }
    }
    used |= bit(chosen_tape);
    return chosen_tape;
}

ad_tape *draw_tape(void)
{
    return draw_below(32) == 0 ? NULL : slots[tape_slot()].at;
}

ad_mark draw_mark(void)
{
    if (draw_hostile()) {
        return marks[draw_below(MARKS)];
    }
    const ad_tape *tape = slots[tape_slot()].at;
    for (int i = 0; i < MARKS; i++) {
        if (marks[i].tape == tape) {
            return marks[i];
        }
    }
    return ad_tape_mark(tape);
}

void keep_mark(ad_mark mark)
{
    marks[draw_below(MARKS)] = mark;
}

/* ---- after a call ---- */

/* Errors have a text; tapes go on after one. */
static void check_tape(ad_tape *tape)
{
    const ad_status status = ad_tape_status(tape);
    got_report(status, ad_tape_message(tape), 4096);
    if (status != AD_OK) {
        if (!ad_is_dead(ad_input(tape, 1))) {
            apart_broken("a tape with an error records");
        }
        if (draw_below(4) != 0) {
            ad_tape_clear_error(tape);
        }
    } else if (draw_below(16) == 0) {
        ad_var x = ad_input(tape, 3), y = ad_mul(x, x);
        double slope = 0;
        if (ad_grad_values(y, 1, &x, &slope) == AD_OK && slope != 6) {
            apart_broken("the derivative of x^2 at 3 is %g", slope);
        }
        if (ad_tape_status(tape) != AD_OK && ad_tape_status(tape) != AD_ERR_MEMORY) {
            apart_broken("a tape cannot be used any more: %s", ad_tape_message(tape));
        }
        ad_tape_clear_error(tape);
    }
}

void api_finish(void)
{
    for (int i = 0; i < API_SLOTS; i++) {
        if (is_taken(i) && (used & bit(i)) && slots[i].kind == API_TAPE) {
            check_tape(slots[i].at);
        }
        if (is_taken(i) && (used & bit(i)) && slots[i].kind == API_MODEL) {
            got_report(nn_model_status(slots[i].at), nn_model_message(slots[i].at), 4096);
        }
    }
    world_finish();
    for (int i = 0; i < API_SLOTS; i++) {
        if (is_taken(i) && slots[i].kind == API_TAPE && ad_tape_len(slots[i].at) > LONG) {
            world_free(i);
        }
    }
}
