/* SPDX-License-Identifier: MIT */
#include "plot/plot_internal.h"

#include "comma.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
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
    cr_expect_eq(nn_plot_history(path_of("a.svg"), 3, history, nn_accuracy, &error), AD_OK, "%s",
                 error.message);
    cr_expect_not_null(strstr(begin_of(path_of("a.svg")), "<svg"));
    cr_expect_eq(nn_plot_history(path_of("a.png"), 3, history, nn_accuracy, &error), AD_OK, "%s",
                 error.message);
    cr_expect_eq(memcmp(begin_of(path_of("a.png")), png, 4), 0);
    cr_expect_eq(nn_plot_history(path_of("one.png"), 1, history, nn_accuracy, &error), AD_OK, "%s",
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
    cr_expect_eq(nn_plot_history(path_of("a.pdf"), 3, history, nn_accuracy, &e),
                 AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(e.message, ".svg or .png"), "%s", e.message);
    cr_expect_eq(nn_plot_history(path_of("a.png"), 0, history, nn_accuracy, &e), AD_ERR_SHAPE);
    cr_expect_eq(nn_plot_history("/no/such/folder/a.png", 3, history, nn_accuracy, &e), AD_ERR_IO);
    cr_expect_not_null(strstr(e.message, "/no/such/folder/a.png: cannot be written: No such"), "%s",
                       e.message);
    cr_expect_eq(nn_plot_curves(path_of("a.png"), 0, NULL, &e, .title = ""), AD_ERR_SHAPE);
    const nn_array flat = nn_array_view(NN_U8, AD_SHAPE(3, 4), "abcdefghijkl");
    cr_expect_eq(nn_plot_images(path_of("a.png"), &flat, 1, NULL, (nn_grid){0}, &e), AD_ERR_SHAPE);
    const nn_array images = nn_array_view(NN_U8, AD_SHAPE(3, 2, 2), "abcdefghijkl");
    cr_expect_eq(nn_plot_images(path_of("a.png"), &images, 1, (int64_t[]){3}, (nn_grid){0}, &e),
                 AD_ERR_INDEX);
    cr_expect_not_null(strstr(e.message, "picture 0 is row 3 of images, which has 3"), "%s",
                       e.message);
    cr_expect_eq(nn_plot_images(path_of("a.png"), &images, 4, NULL, (nn_grid){0}, &e),
                 AD_ERR_INDEX);
    cr_expect_eq(nn_plot_images(path_of("a.png"), NULL, 1, NULL, (nn_grid){0}, &e), AD_ERR_DOMAIN);
    cr_expect_eq(nn_plot_images(NULL, &images, 1, NULL, (nn_grid){0}, &e), AD_ERR_DOMAIN);
}

Test(plot, without_gnuplot_an_error_names_the_package)
{
    ad_error e = {0};
    setenv("PATH", "/no/such/folder", 1);
    cr_expect_eq(nn_plot_history(path_of("a.png"), 3, history, nn_accuracy, &e),
                 AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(e.message, "gnuplot-nox"), "%s", e.message);
}

static const double three[] = {1, 2, 4};
static const nn_curve curve = {.label = "three", .count = 3, .y = three};

static ad_status draw(const char *path, const nn_curve *drawn, nn_axes axes, ad_error *error)
{
    *error = (ad_error){0};
    return nn_plot_curves_of(path, 1, drawn, error, axes);
}

/* The files in the test's folder, hidden ones too. */
static int files(void)
{
    int count = -2; /* . and .. */
    DIR *all = opendir(folder);
    while (all != NULL && readdir(all) != NULL) {
        count++;
    }
    closedir(all);
    return count;
}

Test(plot, a_path_is_never_a_command)
{
    ad_error e;
    char here[] = "touch ran #.svg", path[200];
    cr_assert_eq(chdir(folder), 0);
    static const char *const before[] = {"|", "  |", "\t| ", "`touch ran`", "a\n", "a\r", "\x7f"};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", before[i], here);
        cr_expect_eq(draw(path, &curve, (nn_axes){0}, &e), AD_ERR_DOMAIN, "%s", path);
        cr_expect_eq(nn_plot_history(path, 3, history, nn_accuracy, &e), AD_ERR_DOMAIN, "%s", path);
    }
    cr_expect_eq(draw(NULL, &curve, (nn_axes){0}, &e), AD_ERR_DOMAIN);
    cr_expect_eq(files(), 0);
    static const char *const names[] = {"it's $(touch ran) $HOME \"q\" ;!%s%n\\.svg", "a|b.svg",
                                        "<&2.svg", "-d.svg"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        cr_expect_eq(draw(names[i], &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
        cr_expect_not_null(strstr(begin_of(names[i]), "<svg"), "%s", names[i]);
        cr_expect_eq(files(), 0, "%s", names[i]);
    }
    cr_assert_eq(chdir("/"), 0);
}

Test(plot, titles_and_labels_run_nothing_and_stay_as_they_are)
{
    ad_error e;
    static const char text[] = "a_1^2 {b} `touch ran` $(touch ran) @x 'y' \"z\"";
    const nn_curve labelled = {.label = text, .count = 3, .y = three};
    cr_assert_eq(chdir(folder), 0);
    cr_expect_eq(draw("a.svg", &labelled, (nn_axes){.title = text, .x = text, .y = text}, &e),
                 AD_OK, "%s", e.message);
    cr_expect_eq(files(), 1);
    FILE *from = fopen("a.svg", "r");
    static char all[1 << 16];
    all[fread(all, 1, sizeof all - 1, from)] = '\0';
    fclose(from);
    int found = 0;
    for (const char *at = all; (at = strstr(at, "a_1^2 {b} `touch ran` $(touch ran)")) != NULL;) {
        found++;
        at++;
    }
    cr_expect_geq(found, 4);
    unlink("a.svg");
    cr_assert_eq(chdir("/"), 0);
}

Test(plot, a_limit_of_file_size_is_an_error_and_leaves_what_was_there)
{
    ad_error e;
    signal(SIGXFSZ, SIG_IGN);
    static const char *const names[] = {"a.svg", "a.png"};
    char was[8][5000];
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(draw(path_of(names[i]), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
        FILE *from = fopen(path_of(names[i]), "r");
        cr_assert_eq(fread(was[i], 1, sizeof was[i], from), sizeof was[i]);
        fclose(from);
    }
    const struct rlimit small = {5000, 5000};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(draw(path_of(names[i]), &curve, (nn_axes){.title = "another"}, &e), AD_ERR_IO);
        cr_expect_not_null(strstr(e.message, path_of(names[i])), "%s", e.message);
        FILE *from = fopen(path_of(names[i]), "r");
        cr_expect_eq(fread(was[2], 1, sizeof was[2], from), sizeof was[2]);
        cr_expect_eq(memcmp(was[2], was[i], sizeof was[2]), 0);
        fclose(from);
    }
    cr_expect_eq(files(), 2);
    unlink(path_of("a.svg"));
    unlink(path_of("a.png"));
}

Test(plot, a_full_disk_is_an_error_and_leaves_no_file)
{
    ad_error e;
    if (mount("none", folder, "tmpfs", 0, "size=8k") != 0) {
        cr_skip_test("a small file system cannot be mounted here");
    }
    static const char *const names[] = {"a.svg", "a.png"};
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(draw(path_of(names[i]), &curve, (nn_axes){0}, &e), AD_ERR_IO);
        cr_expect_not_null(strstr(e.message, "No space left"), "%s", e.message);
        cr_expect_not_null(strstr(e.message, path_of(names[i])), "%s", e.message);
        cr_expect_eq(files(), 0);
    }
    umount(folder);
}

Test(plot, a_gnuplot_that_fails_or_says_nothing_is_an_error_and_leaves_no_file)
{
    ad_error e;
    char program[128], path[4096];
    (void)snprintf(program, sizeof program, "%s/gnuplot", folder);
    (void)snprintf(path, sizeof path, "%s:%s", folder, getenv("PATH"));
    setenv("PATH", path, 1);
    static const char *const bodies[] = {"echo broken >&2; exit 3", "exit 0", "kill -9 $$",
                                         "printf '<svg'", "cat >/dev/null; echo '<svg></sv'"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        FILE *to = fopen(program, "w");
        (void)fprintf(to, "#!/bin/sh\n%s\n", bodies[i]);
        fclose(to);
        cr_assert_eq(chmod(program, 0700), 0);
        cr_expect_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_ERR_IO, "%s", bodies[i]);
        cr_expect(i > 0 || strstr(e.message, "broken") != NULL, "%s", e.message);
        cr_expect_eq(files(), 1);
    }
    unlink(program);
}

Test(plot, a_figure_keeps_the_rights_of_the_file_it_replaces)
{
    ad_error e;
    struct stat about;
    umask(027);
    cr_assert_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_assert_eq(stat(path_of("a.svg"), &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0640);
    cr_assert_eq(chmod(path_of("a.svg"), 0604), 0);
    cr_assert_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_assert_eq(stat(path_of("a.svg"), &about), 0);
    cr_expect_eq(about.st_mode & 0777, 0604);
    unlink(path_of("a.svg"));
}

Test(plot, a_link_to_a_figure_stays_one)
{
    ad_error e;
    struct stat about;
    cr_assert_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_assert_eq(truncate(path_of("a.svg"), 0), 0);
    cr_assert_eq(symlink("a.svg", path_of("b.svg")), 0);
    cr_assert_eq(draw(path_of("b.svg"), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_assert_eq(lstat(path_of("b.svg"), &about), 0);
    cr_expect(S_ISLNK(about.st_mode));
    unlink(path_of("b.svg"));
    cr_expect_not_null(strstr(begin_of(path_of("a.svg")), "<svg"));
    cr_expect_eq(files(), 0);
}

Test(plot, temporary_files_are_where_the_environment_says_and_standard_streams_may_be_closed)
{
    ad_error e;
    setenv("TMPDIR", "/no/such/folder", 1);
    cr_expect_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_ERR_IO);
    setenv("TMPDIR", folder, 1);
    for (int stream = 0; stream < 3; stream++) {
        int kept = dup(stream);
        close(stream);
        ad_status status = draw(path_of("a.svg"), &curve, (nn_axes){0}, &e);
        dup2(kept, stream);
        close(kept);
        cr_expect_eq(status, AD_OK, "%s", e.message);
        cr_expect_eq(files(), 1);
        cr_expect_not_null(strstr(begin_of(path_of("a.svg")), "<svg"));
    }
    signal(SIGCHLD, SIG_IGN);
    cr_expect_eq(draw(path_of("a.svg"), &curve, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_expect_not_null(strstr(begin_of(path_of("a.svg")), "<svg"));
}

Test(plot, numbers_of_every_size_are_a_figure_or_an_error_of_our_own)
{
    static const struct {
        int log;
        ad_status status;
        double y[3];
    } cases[] = {
        {0, AD_OK, {1, 2, 4}},
        {0, AD_OK, {5, NAN, NAN}},
        {0, AD_OK, {NAN, 5, INFINITY}},
        {0, AD_OK, {7, 7, 7}},
        {0, AD_OK, {0, 0, 0}},
        {0, AD_OK, {-1e300, 1e300, 0}},
        {0, AD_ERR_DOMAIN, {-1e308, 1e308, 0}},
        {0, AD_ERR_DOMAIN, {1, 1e301, 0}},
        {0, AD_OK, {1e-320, 3e-320, 0}},
        {0, AD_OK, {1, 1 + 1e-15, 1}},
        {0, AD_OK, {-1e-14, -2e-14, 0}},
        {0, AD_ERR_SHAPE, {NAN, INFINITY, -INFINITY}},
        {1, AD_OK, {1e-300, 1, 1e308}},
        {1, AD_OK, {5, 5, 5}},
        {1, AD_OK, {5, NAN, -1}},
        {1, AD_OK, {1e-320, 1e-322, 5e-324}},
        {1, AD_OK, {0.2, 0.9, 3}},
        {1, AD_OK, {3.01, 3.02, 3.05}},
        {1, AD_OK, {1, 1 + 1e-15, 1}},
        {1, AD_OK, {1e-14, 3e-14, 5e-14}},
        {1, AD_ERR_SHAPE, {-1, -2, 0}},
        {1, AD_ERR_SHAPE, {0, 0, 0}},
        {1, AD_OK, {-1e308, 1e308, 3}},
        {1, AD_OK, {1e308, 1.7e308, 1e307}},
    };
    ad_error e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const nn_curve drawn = {.count = 3, .y = cases[i].y};
        cr_expect_eq(draw(path_of("a.svg"), &drawn, (nn_axes){.log_y = cases[i].log}, &e),
                     cases[i].status, "case %zu: %s", i, e.message);
        cr_expect_null(strstr(e.message, "gnuplot"), "case %zu: %s", i, e.message);
        cr_expect(cases[i].status != AD_OK || strstr(begin_of(path_of("a.svg")), "<svg") != NULL);
    }
    const nn_curve missing = {.count = 2};
    cr_expect_eq(draw(path_of("a.svg"), &missing, (nn_axes){0}, &e), AD_ERR_DOMAIN);
    cr_expect_eq(nn_plot_curves(path_of("a.svg"), 2, NULL, &e, .title = ""), AD_ERR_SHAPE);
    cr_expect_eq(nn_plot_history(path_of("a.svg"), 5, NULL, nn_accuracy, &e), AD_ERR_SHAPE);
    cr_expect_eq(files(), 0);
}

/* How often the figure has a piece of SVG. */
static int count_in_figure(const char *piece)
{
    static char all[1 << 17];
    FILE *from = fopen(path_of("a.svg"), "r");
    cr_assert_not_null(from);
    all[fread(all, 1, sizeof all - 1, from)] = '\0';
    fclose(from);
    unlink(path_of("a.svg"));
    int count = 0;
    for (const char *at = all; (at = strstr(at, piece)) != NULL; at++) {
        count++;
    }
    return count;
}

Test(plot, points_without_neighbours_are_dots)
{
    ad_error e;
    const double y[] = {1, NAN, 2, NAN, 3, 4};
    const nn_curve gaps = {.count = 6, .y = y}, none = {.count = 3, .y = three};
    static const char dot[] = "<use xlink:href='#gpPt6'";
    cr_assert_eq(draw(path_of("a.svg"), &none, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    int before = count_in_figure(dot);
    cr_assert_eq(draw(path_of("a.svg"), &gaps, (nn_axes){0}, &e), AD_OK, "%s", e.message);
    cr_expect_eq(count_in_figure(dot), before + 2);
    cr_assert_eq(nn_plot_history(path_of("a.svg"), 1, history, nn_accuracy, &e), AD_OK);
    cr_expect_geq(count_in_figure("<use xlink:href='#gpPt"), 4);
}

Test(plot, a_history_is_titled_by_its_metric_in_its_unit)
{
    ad_error e;
    cr_assert_eq(nn_plot_history(path_of("a.svg"), 3, history, nn_accuracy, &e), AD_OK);
    cr_expect_eq(count_in_figure(">accuracy<"), 1);
    cr_assert_eq(nn_plot_history(path_of("a.svg"), 3, history, nn_accuracy, &e), AD_OK);
    cr_expect_eq(count_in_figure(">%<"), 1);
    cr_assert_eq(nn_plot_history(path_of("a.svg"), 3, history, nn_absolute_error, &e), AD_OK);
    cr_expect_eq(count_in_figure(">absolute error<"), 1);
    cr_assert_eq(nn_plot_history(path_of("a.svg"), 3, history, (nn_metric){0}, &e), AD_OK);
    cr_expect_eq(count_in_figure(">metric<"), 1);
}

Test(plot, an_axis_ends_where_its_numbers_do)
{
    static const double limits[][2] = {{1, 2}, {-3e-9, 5e-9}, {1e-14, 10}, {0.2, 0.9}};
    for (int i = 0; i < 4; i++) {
        for (int is_log = 0; is_log < (limits[i][0] > 0) + 1; is_log++) {
            double lo = limits[i][0], hi = limits[i][1];
            nn__range r;
            cr_assert_eq(nn__range_of(lo, hi, is_log, "a.svg", &r, NULL), AD_OK);
            double length = is_log ? log10(hi / lo) : hi - lo;
            double below = is_log ? log10(lo / r.lo) : lo - r.lo;
            double above = is_log ? log10(r.hi / hi) : r.hi - hi;
            cr_expect(below > 0 && below < 0.1 * length);
            cr_expect(above > 0 && above < 0.1 * length);
        }
    }
}

Test(plot, ticks_of_many_powers_are_powers_and_others_numbers)
{
    ad_error e;
    const double many[] = {1e-14, 1, 10}, few[] = {0.2, 0.9, 3};
    const nn_curve wide = {.count = 3, .y = many}, narrow = {.count = 3, .y = few};
    cr_assert_eq(draw(path_of("a.svg"), &wide, (nn_axes){.log_y = 1}, &e), AD_OK);
    cr_expect_eq(count_in_figure(">-14<"), 1);
    cr_assert_eq(draw(path_of("a.svg"), &narrow, (nn_axes){.log_y = 1}, &e), AD_OK);
    cr_expect_eq(count_in_figure(">0.5<"), 1);
}

Test(plot, pictures_of_any_numbers_are_drawn)
{
    ad_error e = {0};
    double pixels[4][2][2] = {{{NAN, NAN}, {NAN, NAN}},
                              {{-1e308, 1e308}, {0, INFINITY}},
                              {{5, 5}, {5, 5}},
                              {{1e-320, 0}, {0, -1e-320}}};
    const nn_array images = nn_array_view(NN_F64, AD_SHAPE(4, 2, 2), pixels);
    cr_expect_eq(nn_plot_images(path_of("a.png"), &images, 4, NULL, (nn_grid){0}, &e), AD_OK, "%s",
                 e.message);
    cr_expect_eq(memcmp(begin_of(path_of("a.png")), png, 4), 0);
    const nn_array none = nn_array_view(NN_F64, AD_SHAPE(4, 2, 2), NULL);
    cr_expect_eq(nn_plot_images(path_of("a.png"), &none, 4, NULL, (nn_grid){0}, &e), AD_ERR_DOMAIN);
    cr_expect_eq(nn_plot_images(path_of("a.png"), &images, INT64_MAX, NULL,
                                (nn_grid){.columns = INT_MAX}, &e),
                 AD_ERR_DOMAIN);
    cr_expect_eq(files(), 0);
}

Test(plot, figures_are_the_same_in_every_locale)
{
    ad_error e;
    static char texts[2][1 << 17];
    const double y[] = {0.125, 1.5, 2.75};
    const nn_curve drawn = {.count = 3, .y = y};
    for (int comma = 0; comma < 2; comma++) {
        if (comma) {
            (void)test_comma_locale();
        }
        cr_assert_eq(draw(path_of("a.svg"), &drawn, (nn_axes){0}, &e), AD_OK, "%s", e.message);
        FILE *from = fopen(path_of("a.svg"), "r");
        (void)fread(texts[comma], 1, sizeof texts[0] - 1, from);
        fclose(from);
        unlink(path_of("a.svg"));
    }
    cr_expect_str_eq(texts[1], texts[0]);
}
