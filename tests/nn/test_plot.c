/* SPDX-License-Identifier: MIT */
#include "plot.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const nn_epoch history[] = {{{1, 0.5}, {1.2, 0.4}, 0.1, 1},
                                   {{0.5, 0.75}, {0.7, 0.6}, 0.1, 2},
                                   {{0.25, 0.9}, {0.5, NAN}, 0.1, 3}};

/* Where figures go: a folder of the test's own. */
static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/wengert-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    rmdir(folder);
}

TestSuite(plot, .init = make_folder, .fini = remove_folder);

/* Reads the figure's first bytes and removes it; "" if it is not there. */
static const char *begin_of(const char *path)
{
    static char text[4096];
    memset(text, 0, sizeof text);
    FILE *from = fopen(path, "rb");
    if (from != NULL) {
        cr_expect_gt(fread(text, 1, sizeof text - 1, from), 100);
        fclose(from);
        unlink(path);
    }
    return text;
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char png[] = "\x89PNG";

Test(plot, learning_curves_become_svg_and_png)
{
    ad_error error = {0};
    cr_expect_eq(nn_plot_history(path_of("a.svg"), 3, history, &error), AD_OK, "%s", error.message);
    cr_expect_not_null(strstr(begin_of(path_of("a.svg")), "<svg"));
    cr_expect_eq(nn_plot_history(path_of("a.png"), 3, history, &error), AD_OK, "%s", error.message);
    cr_expect_eq(memcmp(begin_of(path_of("a.png")), png, 4), 0);
    cr_expect_eq(nn_plot_history(path_of("one.png"), 1, history, &error), AD_OK, "%s",
                 error.message);
    cr_expect_eq(memcmp(begin_of(path_of("one.png")), png, 4), 0);
}

Test(plot, curves_have_labels_of_any_kind_and_gaps_where_they_are_not_finite)
{
    ad_error error = {0};
    const double x[] = {1, 2, 3, 4}, y[] = {1, NAN, INFINITY, 4};
    const nn_curve curves[] = {{"it's `rm` $x \"y\"\n\\", 4, x, y, 0}, {NULL, 4, NULL, y, 1}};
    ad_status status = nn_plot_curves(path_of("it's.png"), 2, curves, &error, .title = "don't",
                                      .x = "x", .log_y = 1);
    cr_expect_eq(status, AD_OK, "%s", error.message);
    cr_expect_eq(memcmp(begin_of(path_of("it's.png")), png, 4), 0);
}

Test(plot, pictures_become_a_grid)
{
    unsigned char pixels[3][4][5] = {{{0}}};
    pixels[1][2][3] = 200;
    const nn_array images = nn_array_view(NN_U8, AD_SHAPE(3, 4, 5), pixels);
    const char *captions[] = {"4 read as 9", "it's"};
    ad_error error = {0};
    ad_status status = nn_plot_images(path_of("i.png"), &images, 2, (int64_t[]){2, 1},
                                      (nn_grid){.title = "two", .captions = captions}, &error);
    cr_expect_eq(status, AD_OK, "%s", error.message);
    cr_expect_eq(memcmp(begin_of(path_of("i.png")), png, 4), 0);
    status = nn_plot_images(path_of("i.svg"), &images, 3, NULL, (nn_grid){.columns = 2}, &error);
    cr_expect_eq(status, AD_OK, "%s", error.message);
    cr_expect_not_null(strstr(begin_of(path_of("i.svg")), "<svg"));
}

Test(plot, mistakes_are_errors_that_say_what_to_do)
{
    ad_error e = {0};
    cr_expect_eq(nn_plot_history(path_of("a.pdf"), 3, history, &e), AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(e.message, ".svg or .png"), "%s", e.message);
    cr_expect_eq(nn_plot_history(path_of("a.png"), 0, history, &e), AD_ERR_SHAPE);
    cr_expect_eq(nn_plot_history("/no/such/folder/a.png", 3, history, &e), AD_ERR_IO);
    cr_expect_not_null(strstr(e.message, "cannot open file"), "%s", e.message);
    cr_expect_eq(nn_plot_curves(path_of("a.png"), 0, NULL, &e, .title = ""), AD_ERR_SHAPE);
    const nn_array flat = nn_array_view(NN_U8, AD_SHAPE(3, 4), "abcdefghijkl");
    cr_expect_eq(nn_plot_images(path_of("a.png"), &flat, 1, NULL, (nn_grid){0}, &e), AD_ERR_SHAPE);
    const nn_array images = nn_array_view(NN_U8, AD_SHAPE(3, 2, 2), "abcdefghijkl");
    cr_expect_eq(nn_plot_images(path_of("a.png"), &images, 1, (int64_t[]){3}, (nn_grid){0}, &e),
                 AD_ERR_INDEX);
}

Test(plot, without_gnuplot_an_error_names_the_package)
{
    ad_error e = {0};
    setenv("PATH", "/no/such/folder", 1);
    cr_expect_eq(nn_plot_history(path_of("a.png"), 3, history, &e), AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(e.message, "gnuplot-nox"), "%s", e.message);
}
