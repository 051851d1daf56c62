/* libcurl, loaded when it is first needed. For the files of this folder only. */
#ifndef PREFLAME_VIEWER_CURL_H
#define PREFLAME_VIEWER_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

/* One row a function that we use: its name without "curl_". */
#define CURL_FUNCTIONS(row)                                                                                  \
    row(easy_init) row(easy_cleanup) row(easy_setopt) row(easy_getinfo) row(easy_strerror) row(global_init)  \
        row(multi_init) row(multi_cleanup) row(multi_add_handle) row(multi_remove_handle) row(multi_perform) \
            row(multi_poll) row(multi_info_read) row(slist_append) row(slist_free_all)

struct curl_functions {
#define CURL_MEMBER(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* The functions, or NULL when there is no libcurl here. One thread. */
const struct curl_functions *curl_load(void);

#endif
