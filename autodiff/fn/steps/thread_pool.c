/* SPDX-License-Identifier: MIT */
#include "fn/steps/thread_pool_internal.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

/* Workers sleep between jobs; a job is a number that they have not seen. Parts are claimed one by
 * one, so that a job is done however many workers there are, the caller alone included. They are
 * started when a job first has parts for them. A process that was forked has the pool's memory but
 * none of its workers, and its lock may be held for ever by one that is not there: it does each job
 * alone. */
struct ad__thread_pool {
    ad_allocator allocator;
    pid_t process;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    unsigned job;          /* under the lock */
    int stops;             /* under the lock */
    atomic_uint latest;    /* the job again, to be seen without the lock */
    atomic_int next, left; /* parts to be claimed, to be finished */
    int parts;
    void (*work)(void *context, int part);
    void *context;
    int count, most; /* workers; beside the caller */
    pthread_t id[];
};

enum { SPINS = 4000 }; /* about 10 us: less than a sleep and a wake cost */

static void claim_parts(ad__thread_pool *t)
{
    for (int part; (part = atomic_fetch_sub(&t->next, 1) - 1) >= 0;) {
        t->work(t->context, part);
        atomic_fetch_sub(&t->left, 1);
    }
}

/* The number of the next job after `seen`; 0: the pool ends. */
static unsigned next_job(ad__thread_pool *t, unsigned seen)
{
    for (int i = 0; i < SPINS && atomic_load(&t->latest) == seen; i++) {
        atomic_signal_fence(memory_order_seq_cst);
    }
    pthread_mutex_lock(&t->lock);
    while (t->job == seen && !t->stops) {
        pthread_cond_wait(&t->wake, &t->lock);
    }
    unsigned job = t->stops ? 0 : t->job;
    pthread_mutex_unlock(&t->lock);
    return job;
}

static void *worker(void *pool)
{
    ad__thread_pool *t = pool;
    for (unsigned job = 0; (job = next_job(t, job)) != 0;) {
        claim_parts(t);
    }
    return NULL;
}

size_t ad__thread_pool_bytes(int threads)
{
    return threads > 1 ? sizeof(ad__thread_pool) + (size_t)threads * sizeof(pthread_t) : 0;
}

ad__thread_pool *ad__thread_pool_new(int threads, const ad_allocator *allocator)
{
    ad__thread_pool *t = ad__resize(allocator, NULL, ad__thread_pool_bytes(threads));
    if (t == NULL) {
        return NULL;
    }
    t->allocator = *allocator;
    t->process = getpid();
    t->job = 0;
    t->stops = 0;
    t->count = 0;
    t->most = threads - 1;
    atomic_init(&t->latest, 0);
    atomic_init(&t->next, 0);
    atomic_init(&t->left, 0);
    if (pthread_mutex_init(&t->lock, NULL) != 0) {
        ad__resize(allocator, t, 0);
        return NULL;
    }
    if (pthread_cond_init(&t->wake, NULL) != 0) {
        pthread_mutex_destroy(&t->lock);
        ad__resize(allocator, t, 0);
        return NULL;
    }
    return t;
}

/* Workers for a job; fewer, now and later, if the system gives no more. */
static void start_workers(ad__thread_pool *t, int parts)
{
    while (t->count < t->most && t->count < parts - 1) {
        if (pthread_create(&t->id[t->count], NULL, worker, t) != 0) {
            t->most = t->count;
            return;
        }
        t->count++;
    }
}

static void end_workers(ad__thread_pool *t)
{
    pthread_mutex_lock(&t->lock);
    t->stops = 1;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    atomic_fetch_add(&t->latest, 1);
    for (int i = 0; i < t->count; i++) {
        pthread_join(t->id[i], NULL);
    }
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
}

void ad__thread_pool_free(ad__thread_pool *t)
{
    if (t != NULL) {
        ad_allocator allocator = t->allocator;
        if (t->process == getpid()) {
            end_workers(t);
        }
        ad__resize(&allocator, t, 0);
    }
}

void ad__thread_pool_run(ad__thread_pool *t, int parts, void (*work)(void *context, int part),
                         void *context)
{
    if (t->process != getpid()) {
        for (int part = 0; part < parts; part++) {
            work(context, part);
        }
        return;
    }
    start_workers(t, parts);
    t->work = work;
    t->context = context;
    atomic_store(&t->left, parts);
    atomic_store(&t->next, parts);
    pthread_mutex_lock(&t->lock);
    t->job = t->job + 1 == 0 ? 1 : t->job + 1;
    atomic_store(&t->latest, t->job);
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
    claim_parts(t);
    while (atomic_load(&t->left) > 0) {
        sched_yield(); /* somebody is on the last part */
    }
}
