/* A decoder plug-in for a format made up for this test: "CGT1", then width, height, frames as 32-bit little-endian numbers, then for
 * each frame one byte a pixel and channel. How it misbehaves is chosen when it is built. */
#include "checkgate_decoder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    FILE *file;
    uint32_t width, height, frames;
} sample;

static const char *said = NULL;

static uint32_t number(const unsigned char *four) {
    return four[0] | (uint32_t)four[1] << 8 | (uint32_t)four[2] << 16 | (uint32_t)four[3] << 24;
}

uint32_t checkgate_decoder_abi(void) {
#ifdef OTHER_ABI
    return 99;
#else
    return CHECKGATE_DECODER_ABI;
#endif
}

const char *checkgate_decoder_name(void) { return "Sample decoder 1.0"; }
const char *checkgate_decoder_error(void) { return said; }

int checkgate_decoder_open(const char *path, void **decoder) {
    unsigned char head[16];
    /* What a plug-in prints must not be taken for its answer. */
    printf("opening %s\n", path);
    fflush(stdout);
    FILE *file = fopen(path, "rb");
    if (!file || fread(head, 1, 16, file) != 16 || memcmp(head, "CGT1", 4) != 0) {
        if (file) fclose(file);
        return CHECKGATE_NOT_MINE;
    }
#ifdef CRASH_IN_OPEN
    *(volatile int *)0 = 1;
#endif
    sample *made = malloc(sizeof *made);
    made->file = file;
    made->width = number(head + 4);
    made->height = number(head + 8);
    made->frames = number(head + 12);
    *decoder = made;
    return CHECKGATE_OK;
}

int checkgate_decoder_info(void *decoder, checkgate_info *info) {
    sample *of = decoder;
    info->width = of->width;
    info->height = of->height;
    info->frames = of->frames;
    info->pixel_aspect = 1.0;
#ifdef TOO_LARGE
    info->width = info->height = 4000000000u;
#endif
#ifdef NO_COLOUR
    info->color_kind = CHECKGATE_COLOR_UNKNOWN;
#else
    info->color_kind = CHECKGATE_COLOR_SCENE;
    strcpy(info->color_space, "ARRI LogC4");
#endif
    strcpy(info->format, "sample format");
    return CHECKGATE_OK;
}

int checkgate_decoder_frame(void *decoder, uint64_t index, float *rgb, size_t floats) {
    sample *of = decoder;
#ifdef CRASH
    abort();
#endif
#ifdef HANG
    for (;;) {}
#endif
#ifdef HOG
    for (;;) memset(malloc(16 << 20), 1, 16 << 20);
#endif
#ifdef WRITES_FILES
    FILE *out = fopen(WRITES_FILES, "wb");
    if (out && (fwrite("x", 1, 1, out) != 1 || fclose(out) != 0)) {
        said = "no file can be written";
        return CHECKGATE_FAILED;
    }
#endif
    if (fseek(of->file, 16 + (long)(index * floats), SEEK_SET) != 0) return CHECKGATE_FAILED;
    for (size_t at = 0; at < floats; at++) {
        int byte = fgetc(of->file);
        if (byte == EOF) {
            said = "the frame is cut short";
            return CHECKGATE_DAMAGED;
        }
        rgb[at] = byte / 255.0f;
    }
    return CHECKGATE_OK;
}

void checkgate_decoder_close(void *decoder) {
    sample *of = decoder;
    fclose(of->file);
    free(of);
}
