/* libevent inside somebody else's process: it may neither print nor end it. For the files of this folder
 * only. */
#ifndef PREFLAME_EXPORTERS_HTTP_QUIET_H
#define PREFLAME_EXPORTERS_HTTP_QUIET_H

/* Takes libevent's log and fatal callbacks. They are global to the library, and the program may use the same
 * copy of it: for every thread but ours they do what libevent does without callbacks. Boot-only. */
void http_quiet_libevent(void);
/* Says that the calling thread is the server's: here libevent is silent, and a fatal error parks the thread.
 */
void http_claim_thread(void);

#endif
