/* The vdso: an object without a file, of which every process of this kernel and ABI has the same copy. */
#ifndef PREFLAME_EXPORTERS_VDSO_H
#define PREFLAME_EXPORTERS_VDSO_H

#include "base/compiler.h"

#include <stddef.h>

/* This process' own vdso; *ret_image is never freed. 0 or -ENOENT. */
int vdso_image(const void **ret_image, size_t *ret_len) MUST_USE;

#endif
