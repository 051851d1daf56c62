/* Does what the malloc guard must catch: allocates in a handler of the sampling signal, three times. */
#include <signal.h>
#include <stdlib.h>

static void *kept;

static void on_signal(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): the mistake that the guard must see */
    void *grown = realloc(kept, 100);
    if (grown)
        kept = grown;
}

int main(void)
{
    signal(SIGSTKFLT, on_signal);
    for (int i = 0; i < 3; i++) {
        raise(SIGSTKFLT);
    }
    free(kept);
    return 0;
}
