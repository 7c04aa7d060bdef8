/* The interface of a Checkgate decoder plug-in, version 1. See docs/decoder-plugins.md.
 *
 * A plug-in is a shared library with the functions below. It is loaded by checkgate-decoder-host, a process of its own for each
 * call, with limits of time and memory; it may crash without harm to anything but its picture. It must not rely on being called from
 * one process twice.
 */
#ifndef CHECKGATE_DECODER_H
#define CHECKGATE_DECODER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHECKGATE_DECODER_ABI 1

/* What the functions give back. */
#define CHECKGATE_OK 0
#define CHECKGATE_NOT_MINE 1 /* open only: another decoder may try */
#define CHECKGATE_DAMAGED 2
#define CHECKGATE_UNSUPPORTED 3
#define CHECKGATE_FAILED 4

/* What color_space is. */
#define CHECKGATE_COLOR_UNKNOWN 0 /* the picture is shown as it is, and says so */
#define CHECKGATE_COLOR_SCENE 1   /* scene-referred: an output transform follows */
#define CHECKGATE_COLOR_DISPLAY 2 /* made for a display already */

typedef struct checkgate_info {
    uint32_t width;        /* pixels across, of the frames that are given */
    uint32_t height;       /* lines */
    uint64_t frames;       /* at least 1 */
    double pixel_aspect;   /* width of a pixel over its height */
    uint32_t linear;       /* 1: values are proportional to light */
    uint32_t color_kind;   /* CHECKGATE_COLOR_... */
    char color_space[128]; /* a name of `checkgate color list`, UTF-8, ended by 0; empty if unknown */
    char format[128];      /* what the file is, for people; UTF-8, ended by 0 */
} checkgate_info;

/* CHECKGATE_DECODER_ABI. */
uint32_t checkgate_decoder_abi(void);
/* Name and version for people, UTF-8; lives as long as the library. */
const char *checkgate_decoder_name(void);
/* Opens a file (path in UTF-8). *decoder is only looked at after CHECKGATE_OK, and is then given to close. */
int checkgate_decoder_open(const char *path, void **decoder);
/* Fills *info, which is all zero before. */
int checkgate_decoder_info(void *decoder, checkgate_info *info);
/* Writes frame `index` (from 0) as red, green, blue in 32-bit floats, line by line from the top left. `floats` is
 * 3 * width * height of info; writing more is the plug-in's fault. */
int checkgate_decoder_frame(void *decoder, uint64_t index, float *rgb, size_t floats);
void checkgate_decoder_close(void *decoder);
/* Words for the last failure, UTF-8; may be absent from the library or give NULL. */
const char *checkgate_decoder_error(void);

#ifdef __cplusplus
}
#endif
#endif
