/* What the tests of this folder share: cmocka's includes, and truth about the fixture programs that does not
 * come from the code under test. */
#ifndef PREFLAME_TEST_SYMBOLS_FIXTURE_H
#define PREFLAME_TEST_SYMBOLS_FIXTURE_H

/* cmocka.h needs these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The value of the symbol in the object's .symtab (or .dynsym without one), read with libelf; fails the test
 * when it isn't there. */
uint64_t fixture_symbol(const char *path, const char *symbol);
/* The number of the source line that is marked "at: `what`"; fails the test when there is none. */
int fixture_line(const char *source, const char *what);
/* The object's build id as hex, by `readelf -n`, into `hex`. */
void fixture_build_id(const char *path, char *hex, size_t size);
/* Copies a file, and its mode. */
void fixture_copy(const char *from, const char *to);
/* A fresh folder that the test may fill; removed with fixture_remove_folder. */
char *fixture_folder(void);
void fixture_remove_folder(char *folder);

#endif
