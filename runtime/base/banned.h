/* Names that the signal room must not use: including this file turns each into a compile error. Include it
 * last. */
#ifndef PREFLAME_BASE_BANNED_H
#define PREFLAME_BASE_BANNED_H

#pragma GCC poison malloc calloc realloc free strdup
#pragma GCC poison printf fprintf snprintf vsnprintf fputs fwrite fopen fclose
#pragma GCC poison dlopen dlclose dlsym dladdr dl_iterate_phdr
#pragma GCC poison pthread_mutex_lock pthread_mutex_unlock pthread_cond_wait pthread_once pthread_getspecific
#pragma GCC poison exit abort setenv getenv

#endif
