// See crew.h. One job at a time; the caller publishes it by one store and is done when all of its parts are.
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace awl {
namespace {

// Rounds a thread looks for work before it sleeps, some 50 microseconds: the gaps between a decoding step's kernels.
constexpr int looks_for_work = 2000;
// Rounds the caller looks for the last parts before it gives its core away.
constexpr int looks_for_end = 4000;
constexpr int most_members = 1023;

void breathe() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Parts of the job in the upper half, the next one to be taken in the lower. Whoever raises the lower half owns that
// part, and until it is done the job cannot end: only then does it read what the job is.
alignas(64) uint64_t work = 0;
alignas(64) int32_t done = 0;
void (*job)(const void *, int32_t) = nullptr;
const void *job_context = nullptr;

alignas(64) int32_t busy = 0;
int32_t members = 0;  // threads there are, without the caller's
int32_t wanted = 0;   // of them, those that may work
int32_t asleep = 0;
pthread_mutex_t bed = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t alarm_clock = PTHREAD_COND_INITIALIZER;

bool left(uint64_t state) { return (uint32_t)state < (uint32_t)(state >> 32); }

// Takes a part of the job and does it.
bool take() {
    uint64_t state = __atomic_load_n(&work, __ATOMIC_ACQUIRE);
    do {
        if (!left(state)) return false;
    } while (!__atomic_compare_exchange_n(&work, &state, state + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    job(job_context, (int32_t)(uint32_t)state);
    __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
    return true;
}

bool called(int32_t member) {
    return left(__atomic_load_n(&work, __ATOMIC_SEQ_CST)) && member < __atomic_load_n(&wanted, __ATOMIC_RELAXED);
}

void *member_loop(void *number) {
    const int32_t member = (int32_t)(intptr_t)number;
    for (;;) {
        for (int look = 0; look < looks_for_work; look++) {
            if (called(member)) {
                while (take()) {
                }
                look = 0;
            }
            breathe();
        }
        pthread_mutex_lock(&bed);
        __atomic_fetch_add(&asleep, 1, __ATOMIC_SEQ_CST);
        while (!called(member)) pthread_cond_wait(&alarm_clock, &bed);
        __atomic_fetch_sub(&asleep, 1, __ATOMIC_SEQ_CST);
        pthread_mutex_unlock(&bed);
    }
    return nullptr;
}

// As many members as the setting asks for; fewer where the system gives no more. Signals are the program's business.
void hire(int32_t count) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pthread_t thread; members < count; members++) {
        if (pthread_create(&thread, nullptr, member_loop, (void *)(intptr_t)members) != 0) break;
        pthread_detach(thread);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void run_parts(int32_t parts, void (*part)(const void *context, int32_t i), const void *context) {
    int32_t crew = threads() - 1;
    crew = crew < parts - 1 ? crew : parts - 1;
    crew = crew < most_members ? crew : most_members;
    if (crew < 1 || __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) != 0) {
        for (int32_t i = 0; i < parts; i++) part(context, i);
        return;
    }
    if (crew > members) hire(crew);
    job = part;
    job_context = context;
    done = 0;
    __atomic_store_n(&wanted, crew, __ATOMIC_RELAXED);
    __atomic_store_n(&work, (uint64_t)(uint32_t)parts << 32, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) > 0) {
        pthread_mutex_lock(&bed);
        pthread_mutex_unlock(&bed);
        pthread_cond_broadcast(&alarm_clock);
    }
    while (take()) {
    }
    for (int look = 0; __atomic_load_n(&done, __ATOMIC_ACQUIRE) < parts; look++) {
        if (look < looks_for_end) {
            breathe();
        } else {
            sched_yield();
        }
    }
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

}  // namespace awl
