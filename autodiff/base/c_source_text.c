/* SPDX-License-Identifier: MIT */
/* The library's own texts in an emitted program: those that it uses, for the types that it uses
 * them with. */
#include "base/c_source_internal.h"

#include "base/cpu_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- their names ---- */

typedef struct ad__name {
    const char *name;
    size_t len;
    uint32_t text;
} name;

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_names(const void *a, const void *b)
{
    const name *x = a, *y = b;
    return compare(x->name, x->len, y->name, y->len);
}

ad_status ad__emit_init(ad__emit *e, const ad_allocator *allocator)
{
    *e = (ad__emit){.allocator = *allocator, .vectors = ad__cpu_vectors()};
    size_t count = 0;
    for (size_t i = 0; i < ad__text_count; i++) {
        for (const char *at = strchr(ad__texts[i].names + 1, ' '); at; at = strchr(at + 1, ' ')) {
            count++;
        }
    }
    e->names = ad__resize_array(allocator, NULL, count, sizeof *e->names);
    e->texts = ad__resize_array(allocator, NULL, 4 * ad__text_count, sizeof *e->texts);
    e->order = ad__resize_array(allocator, NULL, 4 * ad__text_count, sizeof *e->order);
    if (e->texts != NULL) { /* so that they can be cleared */
        memset(e->texts, 0, 4 * ad__text_count * sizeof *e->texts);
    }
    if (e->names == NULL || e->texts == NULL || e->order == NULL) {
        ad__emit_clear(e);
        return AD_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < ad__text_count; i++) {
        const char *at = ad__texts[i].names + 1;
        for (const char *end = strchr(at, ' '); end != NULL; end = strchr(at, ' ')) {
            e->names[e->name_count++] = (name){at, (size_t)(end - at), i};
            at = end + 1;
        }
    }
    qsort(e->names, e->name_count, sizeof *e->names, compare_names);
    return AD_OK;
}

void ad__emit_clear(ad__emit *e)
{
    for (size_t i = 0; e->texts != NULL && i < 4 * ad__text_count; i++) {
        ad__chars_clear(e, &e->texts[i]);
    }
    ad__resize(&e->allocator, e->texts, 0);
    ad__resize(&e->allocator, e->names, 0);
    ad__resize(&e->allocator, e->order, 0);
    e->texts = NULL;
    e->names = NULL;
    e->order = NULL;
}

/* Whether a text serves a type. What has no type itself uses double. */
static int serves(const ad__text *text, int type)
{
    return text->types == 0 || text->types >> (type == AD__NO_TYPE ? AD_F64 : type) & 1;
}

/* The text that defines a name for a type, or ad__text_count. */
static uint32_t find(const ad__emit *e, const char *word, size_t len, int type)
{
    size_t low = 0, high = e->name_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(e->names[middle].name, e->names[middle].len, word, len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < e->name_count && e->names[low].len == len &&
           memcmp(e->names[low].name, word, len) == 0;
         low++) {
        if (serves(&ad__texts[e->names[low].text], type)) {
            return e->names[low].text;
        }
    }
    return (uint32_t)ad__text_count;
}

/* Makes a text part of the program, with what it uses. */
static void use(ad__emit *e, uint32_t text, int type)
{
    ad__chars *done = &e->texts[4 * text + (uint32_t)type], *out = e->out;
    if (done->len == 0 && !e->is_out_of_memory) {
        e->out = done;
        ad__put(e, "%s", "\n");
        ad__put_text(e, ad__texts[text].text, type, NULL);
        e->out = out;
        e->order[e->order_count++] = 4 * text + (uint32_t)type;
    }
}

static void put_name(ad__emit *e, uint32_t text, const char *word, size_t len, int type)
{
    int own = ad__texts[text].types == 0 ? AD__NO_TYPE : type == AD__NO_TYPE ? AD_F64 : type;
    use(e, text, own);
    ad__put_bytes(e, word, len);
    if (own != AD__NO_TYPE) {
        ad__put(e, "_%s", ad_type_name((ad_type)own));
    }
}

void ad__put_kernel(ad__emit *e, const char *word, int type)
{
    put_name(e, find(e, word, strlen(word), type), word, strlen(word), type);
}

void ad__put_used_texts(ad__emit *e)
{
    for (uint32_t i = 0; i < e->order_count; i++) {
        const ad__chars *c = &e->texts[e->order[i]];
        ad__put_bytes(e, c->text != NULL ? c->text : "", c->len);
    }
}

/* ---- the texts for a type ---- */

static int is(const char *word, size_t len, const char *other)
{
    return strlen(other) == len && memcmp(word, other, len) == 0;
}

int ad__is_listed(const char *word, size_t len, const char *names)
{
    for (const char *at = strchr(names, ' '); at[1] != '\0'; at = strchr(at + 1, ' ')) {
        if (strncmp(at + 1, word, len) == 0 && at[1 + len] == ' ') {
            return 1;
        }
    }
    return 0;
}

/* One of libm's functions over double, which over float end in f. */
static int is_libm(const char *word, size_t len)
{
    static const char names[] =
        " acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 "
        "expm1 fabs floor fma fmax fmin fmod hypot ilogb ldexp log log10 log1p log2 pow rint sin "
        "sinh sqrt tan tanh ";
    return ad__is_listed(word, len, names);
}

int ad__mentions(const ad__chars *text, const char *word)
{
    size_t len = strlen(word);
    const char *at = text->text != NULL ? strstr(text->text, word) : NULL;
    while (at != NULL && (ad__is_word(at[len]) || (at > text->text && ad__is_word(at[-1])))) {
        at = strstr(at + 1, word);
    }
    return at != NULL;
}

/* What stands for a word of a text, which goes on at `after`. */
static void put_word(ad__emit *e, const char *word, const char *after, int type,
                     const char *const *arg)
{
    size_t len = (size_t)(after - word);
    int calls = after[strspn(after, " \n")] == '('; /* a line may end before it */
    for (int i = 0; i < 3 && arg != NULL; i++) {
        if (is(word, len, i == 0 ? "x" : i == 1 ? "y" : "w")) {
            ad__put(e, "%s", arg[i]);
            return;
        }
    }
    uint32_t text = find(e, word, len, type);
    if (is(word, len, "pow") && calls) {
        ad__put_kernel(e, "plain_pow", type);
    } else if (is(word, len, "LIBM_POW")) {
        ad__put(e, "%s", type == AD_F32 ? "powf" : "pow");
    } else if (is(word, len, "MULTIPLY_ADD") && e->vectors == 0) {
        ad__put_kernel(e, "plain_add", type);
    } else if (is(word, len, "MULTIPLY_ADD")) {
        ad__put(e, "%s", type == AD_F32 ? "fmaf" : "fma");
    } else if (is(word, len, "CPU_LANES")) {
        int bytes = e->vectors == 0 ? 16 : e->vectors / 8;
        ad__put(e, "%zu", (size_t)bytes / ad_type_bytes((ad_type)type));
    } else if (is(word, len, "real")) {
        ad__put(e, "%s", ad__c_type((ad_type)type));
    } else if (is(word, len, "real_total")) {
        ad__put(e, "%s", type == AD_I64 ? "uint64_t" : ad__c_type((ad_type)type));
    } else if (is(word, len, "REAL")) {
        ad__put(e, "%s", type == AD_F32 ? "(float)" : "");
    } else if (text < ad__text_count && (calls || !ad__texts[text].is_function)) {
        put_name(e, text, word, len, type);
    } else {
        ad__put_bytes(e, word, len);
        ad__put(e, "%s", calls && type == AD_F32 && is_libm(word, len) ? "f" : "");
    }
}

int ad__calls_libm(const ad__emit *e, const char *text, int type)
{
    static const char instructions[] = " ceil copysign fabs floor fma fmax fmin rint sqrt ";
    const char *at = strchr(text, '{'); /* of a definition, its body */
    for (at = at != NULL ? at : text; *at != '\0';) {
        const char *end = at + 1;
        while (ad__is_word(*at) && ad__is_word(*end)) {
            end++;
        }
        size_t len = (size_t)(end - at);
        uint32_t own =
            ad__is_word(*at) && *end == '(' ? find(e, at, len, type) : (uint32_t)ad__text_count;
        if (own < ad__text_count && strstr(ad__texts[own].names, " plain_add ") == NULL &&
            ad__calls_libm(e, ad__texts[own].text, type)) {
            return 1;
        }
        if (is(at, len, "LIBM_POW") || (*end == '(' && own == ad__text_count && is_libm(at, len) &&
                                        !ad__is_listed(at, len, instructions))) {
            return 1;
        }
        at = end;
    }
    return 0;
}

void ad__put_text(ad__emit *e, const char *text, int type, const char *const *arg)
{
    while (*text != '\0') {
        const char *end = text + 1;
        if (text[0] == '/' && text[1] == '*') {
            end = strstr(text, "*/") + 2;
            ad__put_bytes(e, text, (size_t)(end - text));
        } else if (*text == '"') {
            for (; *end != '"'; end++) {
                end += *end == '\\';
            }
            ad__put_bytes(e, text, (size_t)(++end - text));
        } else if (ad__is_word(*text)) {
            while (ad__is_word(*end) || (isdigit((unsigned char)*text) && *end == '.') ||
                   (isdigit((unsigned char)*text) && (*end == '+' || *end == '-') &&
                    strchr("eEpP", end[-1]) != NULL)) {
                end++;
            }
            if (isdigit((unsigned char)*text)) {
                ad__put_bytes(e, text, (size_t)(end - text));
            } else {
                put_word(e, text, end, type, arg);
            }
        } else if (*text == '.' || (text[0] == '-' && text[1] == '>')) { /* a member's name */
            end += *text == '-';
            while (ad__is_word(*end)) {
                end++;
            }
            ad__put_bytes(e, text, (size_t)(end - text));
        } else {
            ad__put_bytes(e, text, 1);
        }
        text = end;
    }
}
