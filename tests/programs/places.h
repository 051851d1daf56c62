/* Descriptors in a known state, for the rows of the calls_* programs; places_release closes all that were
 * made. */
#ifndef PREFLAME_TESTS_PLACES_H
#define PREFLAME_TESTS_PLACES_H

int place_closed(void);         /* the number of a descriptor just closed */
int place_empty_pipe(void);     /* reading end: reads block */
int place_ready_pipe(void);     /* reading end with 4 bytes */
int place_open_pipe(void);      /* writing end with room */
int place_full_pipe(void);      /* writing end without room: writes block */
int place_broken_pipe(void);    /* writing end without a reader: EPIPE */
int place_file(void);           /* an unlinked file of 16 bytes */
int place_file_locked(void);    /* a file whose other open description holds the flock */
int place_empty_socket(void);   /* stream socket: receives block */
int place_ready_socket(void);   /* stream socket with 4 bytes */
int place_full_socket(void);    /* stream socket: sends block */
int place_unconnected(void);    /* TCP socket that is not connected */
int place_listener_idle(void);  /* accepts block */
int place_listener_ready(void); /* one client waits to be accepted */
int place_caller_ready(void);   /* an unconnected unix socket; connecting to places_peer() succeeds at once */
int place_caller_blocked(void); /* the same with the peer's backlog full: connects block */
int place_epoll_empty(void);    /* epoll set that watches an empty pipe */
int place_epoll_ready(void);    /* epoll set that watches a ready pipe */

/* The address that place_caller_* made (struct sockaddr_un), and its length in *ret_len. */
const void *places_peer(unsigned *ret_len);
/* Closes everything that the functions above opened. */
void places_release(void);

#endif
