/* What a snapshot owns, and arithmetic on its counters. */
#include "pipeline/snapshot.h"

#include "base/block.h"

#include <stdlib.h>

void snapshot_clear(struct snapshot *snapshot)
{
    block_free(snapshot->rows, snapshot->row_room * sizeof(*snapshot->rows));
    free(snapshot->modules);
    *snapshot = (struct snapshot){0};
}

struct losses losses_since(const struct losses *before, const struct losses *after)
{
    struct losses since;
#define LOSS_SINCE(member, name) since.member = after->member - before->member;
    LOSSES(LOSS_SINCE)
#undef LOSS_SINCE
    return since;
}

void losses_print(const struct losses *losses, struct bytes *out)
{
#define LOSS_PRINT(member, name) bytes_printf(out, name ": %llu\n", (unsigned long long)losses->member);
    LOSSES(LOSS_PRINT)
#undef LOSS_PRINT
}
