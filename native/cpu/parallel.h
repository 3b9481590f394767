// How kernels cut their work for the crew. Which thread gets a part must not change a result.
#pragma once

#include "awl/kernels.h"
#include "crew.h"

namespace awl {

template <class Body>
void each_part(int64_t parts, const Body &body) {
    run_parts((int32_t)parts, [](const void *context, int32_t i) { (*(const Body *)context)((int64_t)i); }, &body);
}

// Calls body(begin, end) on contiguous parts of [0, n), at least `grain` each: some for every thread, since equal shares
// would wait for the one that came late or got less of the memory's bandwidth.
template <class Body>
void parallel(int64_t n, int64_t grain, const Body &body) {
    if (n <= 0) return;
    const int64_t all = threads(), many = all > 1 ? 4 * all : 1, worth = (n + grain - 1) / grain;
    const int64_t parts = worth < many ? worth : many;
    if (parts <= 1) {
        body((int64_t)0, n);
        return;
    }
    each_part(parts, [&](int64_t i) { body(n * i / parts, n * (i + 1) / parts); });
}

// The same for bodies that read ahead of themselves, which pays on long parts only: one of three quarters of its share
// for every thread, the rest in parts of `piece`.
template <class Body>
void parallel_ahead(int64_t n, int64_t grain, int64_t piece, const Body &body) {
    if (n <= 0) return;
    const int64_t all = threads(), worth = (n + grain - 1) / grain;
    const int64_t shares = worth < all ? worth : all;
    if (shares <= 1) {
        body((int64_t)0, n);
        return;
    }
    const int64_t large = n * 3 / 4 / shares / piece * piece, rest = n - shares * large;
    const int64_t small = piece * (1 + rest / piece / (16 * shares));
    each_part(shares + (rest + small - 1) / small, [&](int64_t i) {
        const int64_t begin = i < shares ? i * large : shares * large + (i - shares) * small;
        const int64_t end = begin + (i < shares ? large : small);
        if (begin < end) body(begin, end < n ? end : n);
    });
}

// Calls body(me) once for every me in [0, members), at once where threads are free: bodies take tasks from a common list,
// and must not wait for each other but for tasks that have been taken.
template <class Body>
void team(int64_t members, const Body &body) {
    if (members > 1) {
        each_part(members, body);
    } else {
        body((int64_t)0);
    }
}

}  // namespace awl
