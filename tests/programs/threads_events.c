/* threads_events: makes threads in every way and prints, as JSON, how many it made and how. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#define ROUNDS 5
#define IDS_THAT_GO 40 /* a round: some of the threads win the race against their creator */
#define PAGE_BYTES 4096

static atomic_int created;
static atomic_int ended; /* counted by detached threads, which cannot be joined */
static sem_t one_ended;
static pthread_t *page_of_id;

static void made(int error)
{
    if (error == 0) {
        atomic_fetch_add(&created, 1);
    }
}

static void *plain(void *arg)
{
    return arg;
}

static void *by_pthread_exit(void *arg)
{
    pthread_exit(arg);
}

static void *detached(void *arg)
{
    atomic_fetch_add(&ended, 1);
    sem_post(&one_ended);
    return arg;
}

static void *nested(void *arg)
{
    intptr_t depth = (intptr_t)arg;
    pthread_t thread;
    if (depth > 0) {
        made(pthread_create(&thread, NULL, nested, (void *)(depth - 1)));
        pthread_join(thread, NULL);
    }
    return NULL;
}

static int c11(void *arg)
{
    return arg != NULL;
}

static void *waits_for_cancel(void *arg)
{
    for (;;) {
        pause();
    }
    return arg;
}

/* Frees the very memory that holds its id: nothing may look there once it runs. */
static void *unmaps_its_id(void *arg)
{
    munmap(page_of_id, PAGE_BYTES);
    sem_post(&one_ended);
    return arg;
}

static void with_an_id_that_goes(const pthread_attr_t *attr)
{
    page_of_id = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    made(pthread_create(page_of_id, attr, unmaps_its_id, NULL));
    sem_wait(&one_ended);
}

static void joined(void *(*body)(void *), void *arg)
{
    pthread_t thread;
    made(pthread_create(&thread, NULL, body, arg));
    pthread_join(thread, NULL);
}

static void one_round(void)
{
    pthread_t thread;
    joined(plain, NULL);
    joined(by_pthread_exit, NULL);
    joined(nested, (void *)(intptr_t)3);
    thrd_t c11_thread;
    made(thrd_create(&c11_thread, c11, NULL) != thrd_success);
    thrd_join(c11_thread, NULL);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    made(pthread_create(&thread, &attr, detached, NULL));
    sem_wait(&one_ended);
    for (int i = 0; i < IDS_THAT_GO; i++) {
        with_an_id_that_goes(&attr);
    }
    pthread_attr_setstacksize(&attr, (size_t)1 << 46);
    made(pthread_create(&thread, &attr, plain, NULL)); /* fails: must show no thread */
    pthread_attr_destroy(&attr);
    made(pthread_create(&thread, NULL, waits_for_cancel, NULL));
    pthread_cancel(thread);
    pthread_join(thread, NULL);
    made(pthread_create(&thread, NULL, plain, NULL));
    pthread_setname_np(thread, "named by main");
    pthread_join(thread, NULL);
}

int main(void)
{
    sem_init(&one_ended, 0, 0);
    alarm(60);
    for (int i = 0; i < ROUNDS; i++) {
        one_round();
    }
    printf("{\"created\": %d, \"failed\": %d}\n", created, ROUNDS);
    return 0;
}
