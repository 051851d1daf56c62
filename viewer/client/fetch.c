/* One request at a time on libcurl's multi interface, whose pauses are ours. */
#include "viewer/client/fetch.h"

#include "base/clock.h"
#include "viewer/client/curl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 5L
#define PAUSE_MS 250

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct bytes *body = context;
    bytes_put(body, data, size * count);
    return body->error ? 0 : size * count;
}

static void choose_way(const struct curl_functions *curl, CURL *easy, const struct fetch_request *request)
{
    curl->easy_setopt(easy, CURLOPT_URL, request->url);
    if (request->socket_path) {
        curl->easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->socket_path);
        curl->easy_setopt(easy, CURLOPT_PROXY, "");
    }
    curl->easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl->easy_setopt(easy, CURLOPT_TIMEOUT, (long)request->timeout_s);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(easy, CURLOPT_USERAGENT, "preflame/" PREFLAME_VERSION);
}

static void choose_body(const struct curl_functions *curl, CURL *easy, const struct fetch_request *request,
                        struct curl_slist *headers)
{
    curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    if (request->bearer && request->bearer[0]) {
        curl->easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
        curl->easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request->bearer);
    }
    if (request->body) {
        curl->easy_setopt(easy, CURLOPT_POST, 1L);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
        curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_len);
    }
}

/* 0 once libcurl is through with it, or -ECANCELED. */
static int run(const struct curl_functions *curl, CURLM *multi, const struct fetch_request *request,
               CURLcode *ret_code)
{
    int64_t start_ns = clock_mono_ns();
    struct curl_waitfd watched = {.fd = request->watch_fd, .events = CURL_WAIT_POLLIN};
    int running = 1;
    while (curl->multi_perform(multi, &running) == CURLM_OK && running) {
        curl->multi_poll(multi, &watched, request->watch_fd >= 0, PAUSE_MS, NULL);
        if (request->on_pause && !request->on_pause(request->context, clock_mono_ns() - start_ns))
            return -ECANCELED;
    }
    int left;
    const CURLMsg *message = curl->multi_info_read(multi, &left);
    *ret_code = message ? message->data.result : CURLE_FAILED_INIT;
    return 0;
}

static int error_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_COULDNT_CONNECT:
        return -ECONNREFUSED;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return -EINVAL;
    case CURLE_OUT_OF_MEMORY:
        return -ENOMEM;
    default:
        return -EIO;
    }
}

static int perform(const struct curl_functions *curl, CURL *easy, const struct fetch_request *request,
                   char why[FETCH_WHY_BYTES])
{
    char detail[CURL_ERROR_SIZE] = "";
    CURLM *multi = curl->multi_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    int error = 0;
    curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    if (multi && curl->multi_add_handle(multi, easy) == CURLM_OK) {
        error = run(curl, multi, request, &code);
        curl->multi_remove_handle(multi, easy);
    }
    curl->multi_cleanup(multi);
    if (error)
        return error;
    snprintf(why, FETCH_WHY_BYTES, "%s", detail[0] ? detail : curl->easy_strerror(code));
    return error_of(code);
}

int fetch(const struct fetch_request *request, long *ret_status, struct bytes *body,
          char why[FETCH_WHY_BYTES])
{
    const struct curl_functions *curl = curl_load();
    CURL *easy = curl ? curl->easy_init() : NULL;
    snprintf(why, FETCH_WHY_BYTES, "%s",
             curl ? "out of memory" : "there is no libcurl.so.4 (install libcurl4)");
    if (!easy)
        return curl ? -ENOMEM : -ENOSYS;
    struct curl_slist *headers = curl->slist_append(NULL, "Expect:");
    for (const char *const *header = request->headers; header && *header; header++)
        headers = curl->slist_append(headers, *header);
    choose_way(curl, easy, request);
    choose_body(curl, easy, request, headers);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, body);
    int error = perform(curl, easy, request, why);
    if (!error)
        curl->easy_getinfo(easy, CURLINFO_RESPONSE_CODE, ret_status);
    curl->slist_free_all(headers);
    curl->easy_cleanup(easy);
    return body->error ? body->error : error;
}
