/* A fresh folder for each test, removed after it. */
#ifndef PREFLAME_TESTS_VIEWER_FOLDER_FIXTURE_H
#define PREFLAME_TESTS_VIEWER_FOLDER_FIXTURE_H

#include "fixture.h"
#include "viewer/session/remove_tree.h"

static char root[] = "/tmp/preflame-test-XXXXXX";

static inline int make_root(void **state)
{
    (void)state;
    memcpy(root, "/tmp/preflame-test-XXXXXX", sizeof(root));
    return mkdtemp(root) ? 0 : -1;
}

static inline int remove_root(void **state)
{
    (void)state;
    remove_tree(root);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

#endif
