/* cmocka, with the headers that it wants before it. */
#ifndef PREFLAME_TESTS_HOOKS_CMOCKA_HEADERS_H
#define PREFLAME_TESTS_HOOKS_CMOCKA_HEADERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
