/* SPDX-License-Identifier: MIT */
#ifndef NN_FORMATS_H
#define NN_FORMATS_H

#include "array.h"

/* Arrays in files. [everyday]
 *
 *   nn_array images;
 *   if (nn_read_array("train-images-idx3-ubyte.gz", &(nn_read_options){.scale = 1.0 / 255},
 *                     &images, &error) != AD_OK) {
 *       puts(error.message);
 *   }
 *
 * A file may be compressed by gzip. What is read is known by its content, whatever its name; what
 * is written, by the end of its name, before ".gz":
 *
 *   .idx -ubyte    IDX, the format of MNIST and its relatives: one array of rank 1 to 8. Two zero
 *                  bytes; element type: 8 u8, 9 i8, 11 i16, 12 i32, 13 f32, 14 f64; rank; the
 *                  lengths, each 32 bits unsigned; the elements, row-major. All big-endian.
 *                  Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten
 *                  digits"
 *
 * Tables of text are read by csv.h. */

typedef struct nn_read_options {
    double scale, offset;          /* of the array, see nn_array; a scale of 0 stands for 1 */
    const ad_allocator *allocator; /* NULL: the C library's */
} nn_read_options;

#ifdef __cplusplus
extern "C" {
#endif

/* Reads path. u8, f32 and f64 keep their type; the other integers become NN_I64. options NULL: all
 * defaults. The header is compared with the file's length before memory is asked for.
 * Errors: AD_ERR_IO if the file cannot be read;  AD_ERR_FORMAT if it is not one whole array of a
 *         known format, shorter or longer than its header says, or damaged;  AD_ERR_UNSUPPORTED if
 *         its rank is above 8;  AD_ERR_MEMORY. *array is then empty, and need not be cleared.
 * Owns:   *array owns its data; end it with nn_array_clear. */
AD_API ad_status nn_read_array(const char *path, const nn_read_options *options, nn_array *array,
                               ad_error *error);

/* Writes array, unscaled; compressed if path ends in ".gz". IDX: NN_I64 becomes i32.
 * Errors: AD_ERR_IO;  AD_ERR_MEMORY;  AD_ERR_UNSUPPORTED if no format's names end as path does, or
 *         an integer or a length has more bits than the format's;  AD_ERR_SHAPE if the rank is 0;
 *         AD_ERR_TYPE;  AD_ERR_DOMAIN if its data is NULL;  AD_ERR_IO if path is NULL too. After
 *         other AD_ERR_IO the file may be incomplete. */
AD_API ad_status nn_write_array(const char *path, const nn_array *array, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
