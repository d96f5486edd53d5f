/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory for small objects; core/heap.c implements it. Declared here because lib/ uses it too. */
#ifndef LIB_ALLOC_H
#define LIB_ALLOC_H

#include "lib/base.h"

/* Small objects, zeroed, 16-byte aligned, larger than a page: whole pages; NULL when memory is out.
 */
void *heap_alloc(size_t bytes);
void heap_free(void *p); /* NULL is fine */
char *heap_strdup(const char *s);

#endif
