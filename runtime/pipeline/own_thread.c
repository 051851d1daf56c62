/* The mask is inherited: it is blocked here, before the thread can be met by a signal. */
#include "pipeline/own_thread.h"

#include <signal.h>

int own_thread_start(pthread_t *ret, size_t stack_bytes, void *(*main)(void *), void *argument)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    int error = pthread_create(ret, &attributes, main, argument);
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return -error;
}
