/* Work to be interrupted: code whose stacks are hard to walk, compiled without frame pointers. */
#ifndef PREFLAME_TESTS_CAPTURE_WORK_H
#define PREFLAME_TESTS_CAPTURE_WORK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Calls `inner` at the bottom of `depth` frames of recursion. */
void work_deep(int depth, void (*inner)(void));
/* Frames of a size known only at run time. */
void work_alloca(void);
/* Frames realigned to 64 bytes, with and without arguments on the stack, calling each other and work_alloca.
 */
void work_realigned(void);
/* Callbacks through qsort and bsearch. */
void work_callbacks(void);
/* printf's and strtod's insides. */
void work_text(void);
/* Work inside a handler of the program's own, SIGUSR1. */
void work_in_handler(void);
/* First calls of library functions, through the lazy binder. Only the first run of the process does. */
void work_lazy_binding(void);
/* C++: std::sort, maps, virtual calls. */
void work_templates(void);
/* C++: exceptions through frames with destructors. */
void work_exceptions(void);
/* Everything above but the lazy binder, once. */
void work_all(void);

/* Nothing, behind the optimiser's back. */
extern volatile unsigned work_sink;

#ifdef __cplusplus
}
#endif

#endif
