// Threads. OpenMP, because libtorch's own CPU kernels run on libgomp, whose idle workers spin for a while: a second pool
// would compete with them for the cores. Linked by soname, both use the one libgomp in the process and its one pool.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace awl {

int threads();

// Calls body(begin, end) on contiguous shares of [0, n), at least `grain` each. Which share a thread gets must not
// change a result.
template <class Body>
void parallel(int64_t n, int64_t grain, const Body &body) {
    if (n <= 0) return;
    int64_t shares = (n + grain - 1) / grain;
    int64_t most = threads();
    shares = shares < most ? shares : most;
    if (shares <= 1) {
        body((int64_t)0, n);
        return;
    }
#pragma omp parallel for num_threads((int)shares) schedule(static, 1)
    for (int64_t share = 0; share < shares; share++) body(n * share / shares, n * (share + 1) / shares);
}

// Calls body(me, all) at once on `threads` threads, or on fewer where there are not as many: `all` is what counts.
template <class Body>
void team(int64_t threads, const Body &body) {
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel num_threads((int)threads)
        body((int64_t)omp_get_thread_num(), (int64_t)omp_get_num_threads());
        return;
    }
#endif
    body((int64_t)0, (int64_t)1);
}

}  // namespace awl
