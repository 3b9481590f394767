// The crew: every part of every job is done once, whoever comes, sleeps, or calls beside others.
#include "../cpu/parallel.h"

#include <atomic>
#include <thread>

#include "harness.h"

namespace {

std::atomic<int> thread_setting{1};

// Work of some length that the compiler keeps.
void work(int rounds) {
    for (volatile int i = 0; i < rounds;) i = i + 1;
}

bool every_part_once(int parts, int rounds) {
    std::vector<std::atomic<int>> calls(parts);
    awl::each_part(parts, [&](int64_t i) {
        work(rounds);
        calls[i]++;
    });
    // All are done when the call comes back.
    bool once = true;
    for (auto &n : calls) once = once && n == 1;
    return once;
}

void expect_every_part_once(int parts, int rounds) {
    expect(every_part_once(parts, rounds),
           [&] { return std::to_string(parts) + " parts on " + std::to_string(thread_setting) + " threads"; });
}

template <class Cut>
void covers(const std::string &what, int64_t n, int64_t grain, const Cut &cut) {
    std::vector<std::atomic<int>> touched(n);
    std::atomic<int64_t> calls{0};
    std::atomic<bool> within{true};
    cut([&](int64_t begin, int64_t end) {
        calls++;
        if (begin < 0 || begin >= end || end > n) {
            within = false;
            return;
        }
        for (int64_t i = begin; i < end; i++) touched[i]++;
    });
    bool once = true;
    for (auto &t : touched) once = once && t == 1;
    expect(within, what + ": ranges within");
    expect(once, [&] { return what + " of " + std::to_string(n) + ": every index once"; });
    expect(n > 0 || calls == 0, what + " of nothing: no call");
    expect(n > grain || calls <= 1, what + ": below the grain one call");
}

}  // namespace

// The library's own setting is not linked in.
int awl::threads() { return thread_setting; }

int main() {
    std::mt19937 random(5);
    for (int threads : {1, 2, 3, 9, 2, 1, 4}) {
        thread_setting = threads;
        for (int i = 0; i < 2000; i++) expect_every_part_once(1 + random() % 40, random() % 200);
        // Long enough for the crew to have fallen asleep.
        for (int i = 0; i < 20; i++) {
            usleep(2000);
            expect_every_part_once(1 + random() % 5, 20000);
        }
        for (int64_t n : {0, 1, 2, 7, 24, 100, 4097, 49152}) {
            for (int64_t grain : {1, 57, 5000}) {
                covers("parallel", n, grain, [&](const auto &body) { awl::parallel(n, grain, body); });
                for (int64_t piece : {1, 24, 1000})
                    covers("parallel_ahead", n, grain, [&](const auto &body) { awl::parallel_ahead(n, grain, piece, body); });
            }
        }
    }
    thread_setting = 3;
    // A part that calls, and callers beside each other: each finds the crew or does its own parts.
    std::atomic<int> inner{0};
    awl::each_part(20, [&](int64_t) { awl::each_part(30, [&](int64_t) { inner++; }); });
    expect(inner == 600, "parts of parts");
    std::atomic<bool> once{true};
    std::vector<std::thread> callers;
    for (int i = 0; i < 4; i++)
        callers.emplace_back([i, &once] {
            for (int j = 0; j < 500; j++)
                if (!every_part_once(1 + (i * j) % 23, 50)) once = false;
        });
    for (auto &caller : callers) caller.join();
    expect(once, "callers beside each other");
    // Tasks from a common list: one that is done late waits for nobody who never came.
    std::atomic<int> next{0}, members{0};
    awl::team(8, [&](int64_t) {
        members++;
        while (next++ < 100) work(100);
    });
    expect(members == 8 && next >= 100, "a team");
    return report("crew");
}
