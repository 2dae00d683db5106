/* SPDX-License-Identifier: MIT */
/* The name of an emitted function: one that C leaves to its users, and that the text does not need
 * for something else. */
#include "fn/emit/emit_internal.h"

#include <ctype.h>
#include <string.h>

/* Each list is one text: a blank before and after each word. Keywords of C99, of C23 and of
 * compilers in the mode that they have unless told; and macros of theirs. */
static const char keywords[] =
    " alignas alignof asm auto bool break case char const constexpr continue default do double "
    "else enum extern false float for goto if inline int long main nullptr register restrict "
    "return short signed sizeof static static_assert struct switch thread_local true typedef "
    "typeof typeof_unqual union unsigned void volatile while i386 linux unix ";

/* Of <math.h>, each also with f or l at its end; with what older systems have there. */
static const char mathematics[] =
    " acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh drem erf erfc exp exp10 "
    "exp2 expm1 fabs fdim finite floor fma fmax fmin fmod frexp gamma hypot ilogb j0 j1 jn ldexp "
    "lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter "
    "nexttoward pow pow10 remainder remquo rint round scalb scalbln scalbn significand sin sincos "
    "sinh sqrt tan tanh tgamma trunc y0 y1 yn ";

/* Of the other headers, and what compilers know without one. */
static const char others[] =
    " BUFSIZ EOF FILE FILENAME_MAX FOPEN_MAX INFINITY L_tmpnam NAN NULL PTRDIFF_MAX PTRDIFF_MIN "
    "P_tmpdir SIG_ATOMIC_MAX SIG_ATOMIC_MIN SIZE_MAX STEP TMP_MAX WCHAR_MAX WCHAR_MIN WINT_MAX "
    "WINT_MIN abort abs alloca atexit atof atoi atol atoll bcmp bcopy bzero calloc clearerr div "
    "double_t errno exit fclose feof ferror fflush ffs fgetc fgetpos fgets float_t fopen "
    "fpclassify fpos_t fprintf fputc fputs fread free freopen fscanf fseek fsetpos ftell fwrite "
    "getc getchar getenv gets index labs ldiv llabs lldiv malloc math_errhandling offsetof perror "
    "printf ptrdiff_t putc putchar puts qsort rand realloc remove rename rewind rindex scanf "
    "setbuf setvbuf signbit signgam size_t snprintf sprintf srand sscanf stderr stdin stdout "
    "system tmpfile tmpnam ungetc vfprintf vprintf vsnprintf vsprintf wchar_t ";

/* Names that begin so are the headers', now or later: where a small letter follows, and macros
 * where none does. */
static int has_reserved_start(const char *name)
{
    static const char *const starts[] = {"str", "mem",      "wcs", "is",    "to",   "cblas_",
                                         "FP_", "HUGE_VAL", "M_",  "MATH_", "SEEK_"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        size_t start = strlen(starts[i]);
        int is_macro = isupper((unsigned char)starts[i][0]) != 0;
        if (strncmp(name, starts[i], start) == 0 &&
            is_macro != (islower((unsigned char)name[start]) != 0)) {
            return 1;
        }
    }
    return name[0] == '_';
}

static int ends_in(const char *name, size_t len, const char *end)
{
    size_t count = strlen(end);
    return len > count && strcmp(name + len - count, end) == 0;
}

/* Types of whole numbers, int8_t, and what is known of them, INT8_MAX. */
static int is_of_integers(const char *name, size_t len)
{
    if (strncmp(name, "INT", 3) == 0 || strncmp(name, "UINT", 4) == 0) {
        return ends_in(name, len, "_MAX") || ends_in(name, len, "_MIN") || ends_in(name, len, "_C");
    }
    return (strncmp(name, "int", 3) == 0 || strncmp(name, "uint", 4) == 0) &&
           ends_in(name, len, "_t");
}

ad_status ad__emit_check_name(const char *name, ad_error *error)
{
    size_t len = 0;
    while (name != NULL && ad__is_word(name[len]) &&
           !(len == 0 && isdigit((unsigned char)name[0]))) {
        len++;
    }
    if (len == 0 || name[len] != '\0' || ad__is_listed(name, len, keywords)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "ad_fn_emit_c: the name is \"%s\"; give a C identifier",
                            name != NULL ? name : "NULL");
    }
    const int has_end = name[len - 1] == 'f' || name[len - 1] == 'l';
    if (has_reserved_start(name) || is_of_integers(name, len) || ad__is_listed(name, len, others) ||
        ad__is_listed(name, len, mathematics) ||
        (has_end && ad__is_listed(name, len - 1, mathematics))) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "ad_fn_emit_c: the name \"%s\" belongs to C's own library; give "
                            "another, such as \"my_%s\"",
                            name, name);
    }
    return AD_OK;
}

/* Calls, and definitions of functions, are a name before a bracket; arrays that last are one in a
 * line that begins with "static". Of the test's main, which calls the function, every name
 * counts. */
ad_status ad__emit_check_use(const char *text, const char *name, int uses, ad_error *error)
{
    size_t len = strlen(name);
    const char *line = text;
    int is_main = 0;
    for (const char *at = text; *at != '\0'; at++) {
        line = *at == '\n' ? at + 1 : line;
        if (strncmp(at, "/*", 2) == 0) {
            const char *end = strstr(at, "*/");
            is_main |= strncmp(at, AD__EMIT_MAIN, sizeof AD__EMIT_MAIN - 1) == 0;
            at = end != NULL ? end + 1 : at + 1;
        } else if (ad__is_word(*at) && (at == text || !ad__is_word(at[-1])) &&
                   strncmp(at, name, len) == 0 && !ad__is_word(at[len])) {
            uses -=
                is_main || at[len] == '(' || (at[len] == '[' && strncmp(line, "static ", 7) == 0);
        }
    }
    return uses >= 0 ? AD_OK
                     : ad_error_set(error, AD_ERR_DOMAIN,
                                    "ad_fn_emit_c: the text uses the name \"%s\" itself; give "
                                    "another, such as \"my_%s\"",
                                    name, name);
}
