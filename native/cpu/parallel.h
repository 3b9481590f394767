// Threads. OpenMP, because libtorch's own CPU kernels run on libgomp, whose idle workers spin for a while: a second pool
// would compete with them for the cores. Linked by soname, both use the one libgomp in the process and its one pool.
#pragma once

#include <stdint.h>

#include "awl/kernels.h"

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

}  // namespace awl
