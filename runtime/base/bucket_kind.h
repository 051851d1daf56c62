/* What the event profiles count. One row a kind of cumulative value; shared by hooks, pipeline and exporters.
 */
#ifndef PREFLAME_BASE_BUCKET_KIND_H
#define PREFLAME_BASE_BUCKET_KIND_H

/* What a bucket counts; the values' meaning and units by kind. */
enum bucket_kind {
    BUCKET_NONE,
    BUCKET_HEAP,  /* allocations, bytes allocated, frees, bytes freed, as sampled; detail: size of the blocks
                   */
    BUCKET_MUTEX, /* contended waits, ns waited; stack: who released; other: who waited; detail: wait_reason
                   */
    BUCKET_BLOCK, /* waits, ns waited; stack: who waited; other: who woke it; detail: wait_reason */
    BUCKET_THREADCREATE, /* threads */
    BUCKET_SYSCALL,      /* calls, ns; detail: system call number */
    BUCKET_IO,           /* calls, bytes, ns; detail: wait_reason */
    BUCKET_KINDS,
};

#endif
