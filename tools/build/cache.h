/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernels that were unpacked before, kept on disk by the content of the packed file, so that the
 * next guest with the same kernel starts without the work (nearly all of a guest's creation). An
 * entry is a hint: without one, or where the folder cannot be used, the file is unpacked again.
 * Entries are written whole and never changed; the least recently used ones make room.
 */
#ifndef TOOLS_BUILD_CACHE_H
#define TOOLS_BUILD_CACHE_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_NAME_MAX 80

/* bytes that all entries together may have; 0 keeps none */
extern uint64_t cache_limit;
/* The name of file[0..len)'s entry: 256 bits of its BLAKE2b (a third of SHA-256's work). -1: there
 * is none to be had. */
int cache_name(const uint8_t *file, size_t len, char name[CACHE_NAME_MAX]);
/* Map an entry to read; NULL when there is none. The caller unmaps it. */
const uint8_t *cache_map(const char *name, size_t *len);
/* Keep an unpacked image. Nothing is reported: the next guest unpacks again. */
void cache_keep(const char *name, const uint8_t *image, size_t len);

#endif
