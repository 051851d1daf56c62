/* Deepest first. */
#include "viewer/session/remove_tree.h"

#include <ftw.h>
#include <stdio.h>

#define OPEN_FOLDERS 8

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    remove(path);
    return 0;
}

void remove_tree(const char *path)
{
    nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
