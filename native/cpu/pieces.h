// Several tensors as one list of pieces, so that many small ones cost neither a fork nor a barrier each.
#pragma once

#include "parallel.h"

namespace awl {

// Free threads take the next piece: equal shares would wait for a thread whose core is also wanted by others. Calls
// body(piece, tensor, begin, end), pieces counted over all tensors; which thread runs it must not change a result.
template <class Size, class Body>
void each_piece(int64_t tensors, int64_t length, const Size &size, const Body &body) {
    auto parts = [&](int64_t tensor) { return (size(tensor) + length - 1) / length; };
    int64_t pieces = 0, elements = 0;
    for (int64_t i = 0; i < tensors; i++) pieces += parts(i), elements += size(i);
    int64_t wanted = 1 + elements / 16384;
    wanted = wanted < pieces ? wanted : pieces;
    int64_t taken = 0;
    team(wanted < threads() ? wanted : threads(), [&](int64_t) {
        int64_t tensor = 0, before = 0;
        for (;;) {
            const int64_t piece = __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
            if (piece >= pieces) return;
            while (piece - before >= parts(tensor)) before += parts(tensor++);
            const int64_t begin = (piece - before) * length, rest = size(tensor) - begin;
            body(piece, tensor, begin, begin + (rest < length ? rest : length));
        }
    });
}

}  // namespace awl
