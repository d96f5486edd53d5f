/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/string.c and lib/fmt.c under names of their own (hv_*), so that the test can compare them
 * with the C library's. */
#pragma redefine_extname memcpy hv_memcpy
#pragma redefine_extname memmove hv_memmove
#pragma redefine_extname memset hv_memset
#pragma redefine_extname memcmp hv_memcmp
#pragma redefine_extname memchr hv_memchr
#pragma redefine_extname strlen hv_strlen
#pragma redefine_extname strnlen hv_strnlen
#pragma redefine_extname strcmp hv_strcmp
#pragma redefine_extname strncmp hv_strncmp
#pragma redefine_extname strchr hv_strchr
#pragma redefine_extname strstr hv_strstr
#pragma redefine_extname snprintf hv_snprintf
#pragma redefine_extname vsnprintf hv_vsnprintf
#include "lib/string.c"
#include "lib/fmt.c"
