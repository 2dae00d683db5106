/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include "base/text_internal.h"
#include "diff/ancestors_internal.h"

#include <math.h>
#include <string.h>

/* A dump in progress. */
typedef struct dump {
    FILE *out;
    ad_tape *tape;
    const ad_dump_options *options;
    uint8_t *mark;   /* by node: 1 if it is dumped */
    uint32_t *label; /* by node: the number of its label, plus 1 */
} dump;

enum { TEXT = 240, FEW = 6, DIGITS = 7 };

static const ad_label *label_of(const dump *d, uint32_t node)
{
    return d->label[node] > 0 ? &d->options->label[d->label[node] - 1] : NULL;
}

static const char *name_of(const dump *d, uint32_t node)
{
    const ad_label *label = label_of(d, node);
    return label != NULL && label->name != NULL ? label->name : "";
}

/* The node of a label's gradient, or 0. */
static uint32_t gradient_of(const dump *d, uint32_t node)
{
    const ad_label *label = label_of(d, node);
    int is_here = label != NULL && label->gradient.tape == d->tape && !ad_is_dead(label->gradient);
    return is_here ? label->gradient.ref.at.node : 0;
}

/* ---- values ---- */

/* Appends the range of a node, and how many elements are not finite. */
static void say_range(const ad_tape *tape, uint32_t node, char *text, size_t bytes)
{
    size_t count = ad__spec_of(tape, node)->count, strays = 0;
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        double x = ad__element_of(tape, node, i);
        if (!isfinite(x)) {
            strays++;
            continue;
        }
        least = x < least ? x : least;
        most = x > most ? x : most;
    }
    if (strays < count) {
        ad__say(text, bytes, "%.*g to %.*g", DIGITS, least, DIGITS, most);
    }
    if (strays > 0) {
        ad__say(text, bytes, "%s%zu not finite", strays < count ? ", " : "", strays);
    }
}

/* Appends the elements of a node, or the first few and the range. */
static void say_elements(const ad_tape *tape, uint32_t node, size_t few, char *text, size_t bytes)
{
    size_t count = ad__spec_of(tape, node)->count, shown = count <= few ? count : few / 2;
    ad__say(text, bytes, count == 0 ? "empty" : "");
    for (size_t i = 0; i < shown; i++) {
        ad__say(text, bytes, i > 0 ? " " : "");
        ad__say_number(text, bytes, ad__element_of(tape, node, i), DIGITS);
    }
    if (shown < count) {
        ad__say(text, bytes, shown > 0 ? " ... (" : "");
        say_range(tape, node, text, bytes);
        ad__say(text, bytes, shown > 0 ? ")" : "");
    }
}

/* ---- text ---- */

/* The operation and its arguments. */
static void say_operation(const ad_tape *tape, uint32_t node, char *text, size_t bytes)
{
    int args;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    ad__say(text, bytes, "%s%s", ad__op_of(tape, node)->name,
            ad__is_derived(tape, node) ? "'" : "");
    for (int i = 0; i < args; i++) {
        ad__say(text, bytes, " %%%u", (unsigned)arg[i]);
    }
}

/* Columns are padded, to the given widths or to usual ones that may be exceeded. */
static void write_line(const dump *d, uint32_t node, int number_width, int name_width)
{
    char operation[TEXT] = "", spec[TEXT] = "", value[TEXT] = "", gradient[TEXT] = "", shape[160];
    const ad__spec *k = ad__spec_of(d->tape, node);
    const char *site = d->tape->site[node];
    say_operation(d->tape, node, operation, sizeof operation);
    ad__say(spec, sizeof spec, "%s %s", ad_type_name(k->type),
            ad_shape_print(&k->shape, shape, sizeof shape));
    say_elements(d->tape, node, FEW, value, sizeof value);
    if (gradient_of(d, node) != 0) {
        ad__say(gradient, sizeof gradient, "gradient ");
        say_elements(d->tape, gradient_of(d, node), FEW, gradient, sizeof gradient);
    }
    (void)fprintf(d->out, "%%%-*u  ", number_width, (unsigned)node);
    if (name_width > 0) {
        (void)fprintf(d->out, "%-*s  ", name_width, name_of(d, node));
    }
    int is_last = gradient[0] == '\0' && site == NULL;
    (void)fprintf(d->out, "%-24s  %-10s  %-*s", operation, spec, is_last ? 0 : 12, value);
    (void)fprintf(d->out, "%s%s%s%s\n", gradient[0] != '\0' ? "  " : "", gradient,
                  site != NULL ? "  " : "", site != NULL ? site : "");
}

static void write_text(const dump *d)
{
    int number_width = snprintf(NULL, 0, "%u", (unsigned)d->tape->count), name_width = 0;
    for (uint32_t node = 1; node < d->tape->count; node++) {
        int len = d->mark[node] ? (int)strlen(name_of(d, node)) : 0;
        name_width = len > name_width ? len : name_width;
    }
    if (ad_tape_status(d->tape) != AD_OK) {
        (void)fprintf(d->out, "error: %s\n", ad_tape_message(d->tape));
    }
    for (uint32_t node = 1; node < d->tape->count; node++) {
        if (d->mark[node]) {
            write_line(d, node, number_width, name_width);
        }
    }
}

/* ---- Graphviz ---- */

static int is_number(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].code == AD__CONSTANT && ad__spec_of(tape, node)->shape.rank == 0;
}

static int is_leaf(const ad_tape *tape, uint32_t node)
{
    return ad__op_of(tape, node)->infer == NULL;
}

/* The lines of a label: "name = operation", the shape of a tensor, value, gradient. */
static void write_label(const dump *d, uint32_t node)
{
    const ad__spec *spec = ad__spec_of(d->tape, node);
    const char *name = name_of(d, node), *op = ad__op_of(d->tape, node)->name;
    char text[TEXT] = "";
    op = strncmp(op, "ad_", 3) == 0 ? op + 3 : op;
    ad__write_quoted(d->out, name);
    if (name[0] == '\0' || !is_leaf(d->tape, node)) {
        (void)fprintf(d->out, "%s", name[0] != '\0' ? " = " : "");
        ad__write_quoted(d->out, op);
    }
    if (spec->shape.rank > 0) {
        (void)fprintf(d->out, "\\n%s", ad_shape_print(&spec->shape, text, sizeof text));
        text[0] = '\0';
    }
    say_elements(d->tape, node, 1, text, sizeof text);
    (void)fprintf(d->out, "\\n%s", text);
    if (gradient_of(d, node) != 0) {
        text[0] = '\0';
        say_elements(d->tape, gradient_of(d, node), 1, text, sizeof text);
        (void)fprintf(d->out, "\\ngradient %s", text);
    }
}

static void write_node(const dump *d, uint32_t node)
{
    const ad_tape *tape = d->tape;
    int is_derived = ad__is_derived(tape, node), is_named = name_of(d, node)[0] != '\0', args;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    if (is_number(tape, node) && !is_named) {
        return; /* drawn at each use */
    }
    (void)fprintf(d->out, "  n%u [label=\"", (unsigned)node);
    write_label(d, node);
    (void)fprintf(d->out, "\"%s%s", is_leaf(tape, node) ? ", shape=box" : "",
                  is_derived ? ", fillcolor=\"#dddddd\""
                  : is_named ? ", fillcolor=\"#dcebf9\""
                             : "");
    if (tape->site[node] != NULL) {
        (void)fprintf(d->out, ", tooltip=\"");
        ad__write_quoted(d->out, tape->site[node]);
        (void)fprintf(d->out, "\"");
    }
    (void)fprintf(d->out, "];\n");
    for (int i = 0; i < args; i++) {
        if (is_number(tape, arg[i]) && name_of(d, arg[i])[0] == '\0') {
            char text[TEXT] = "";
            say_elements(tape, arg[i], 1, text, sizeof text);
            (void)fprintf(d->out, "  n%u_%d [label=\"%s\", shape=plaintext, fillcolor=none];\n",
                          (unsigned)node, i, text);
            (void)fprintf(d->out, "  n%u_%d -> n%u;\n", (unsigned)node, i, (unsigned)node);
        } else {
            (void)fprintf(d->out, "  n%u -> n%u;\n", (unsigned)arg[i], (unsigned)node);
        }
    }
}

static void write_dot(const dump *d)
{
    (void)fprintf(d->out, "digraph tape {\n"
                          "  rankdir=LR;\n"
                          "  node [style=filled, fillcolor=white, fontname=\"Helvetica\", "
                          "fontsize=11, height=0.4, margin=\"0.08,0.04\"];\n"
                          "  edge [arrowsize=0.6];\n");
    if (ad_tape_status(d->tape) != AD_OK) {
        (void)fprintf(d->out, "  label=\"");
        ad__write_quoted(d->out, ad_tape_message(d->tape));
        (void)fprintf(d->out, "\";\n");
    }
    for (uint32_t node = 1; node < d->tape->count; node++) {
        if (d->mark[node]) {
            write_node(d, node);
        }
    }
    (void)fprintf(d->out, "}\n");
}

/* ---- both ---- */

static ad_status run(FILE *out, ad_tape *tape, const ad_dump_options *options,
                     void (*write)(const dump *d))
{
    static const ad_dump_options none;
    dump d = {.out = out, .tape = tape, .options = options != NULL ? options : &none};
    if (out == NULL || tape == NULL) {
        return AD_ERR_DOMAIN;
    }
    for (int j = 0; j < d.options->results; j++) {
        ad_var y = d.options->y[j];
        if (y.tape != NULL && (y.tape != tape || ad_is_dead(y))) {
            return y.tape != tape ? AD_ERR_FOREIGN : AD_ERR_STALE;
        }
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    d.mark = ad__arena_take(&tape->scratch, tape->count);
    d.label = ad__arena_take(&tape->scratch, tape->count * sizeof *d.label);
    ad_status status = AD_ERR_MEMORY;
    if (d.mark != NULL && d.label != NULL) {
        ad__mark_ancestors(tape, d.options->results, d.options->y, d.mark);
        memset(d.label, 0, tape->count * sizeof *d.label);
        for (int i = 0; i < d.options->count; i++) {
            ad_var x = d.options->label[i].x;
            if (x.tape == tape && !ad_is_dead(x)) {
                d.label[x.ref.at.node] = (uint32_t)i + 1;
            }
        }
        write(&d);
        status = fflush(out) != 0 || ferror(out) ? AD_ERR_IO : AD_OK;
    }
    ad__arena_rewind(&tape->scratch, before);
    return status;
}

ad_status ad_dump_text(ad_tape *tape, FILE *out, const ad_dump_options *options)
{
    return run(out, tape, options, write_text);
}

ad_status ad_dump_dot(ad_tape *tape, FILE *out, const ad_dump_options *options)
{
    return run(out, tape, options, write_dot);
}
