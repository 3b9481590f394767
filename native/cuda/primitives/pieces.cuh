// Several tensors as one list of pieces: a launch takes a handful of tensors by value, a block one piece, and nothing is
// copied to the device beforehand.
#pragma once

#include <stdint.h>

namespace awl {

// Entry needs `elements` and gets `first_piece`, counted from the start of the launch.
template <class Entry, int most>
struct Pieces {
    Entry entries[most];
    int count;
    int64_t piece_before;  // of earlier launches

    // The entry of this block's piece, which begins at element `begin` of it.
    __device__ const Entry &entry(int64_t length, int64_t &begin) const {
        int at = 0;
        while (at + 1 < count && (int64_t)blockIdx.x >= entries[at + 1].first_piece) at++;
        begin = (blockIdx.x - entries[at].first_piece) * length;
        return entries[at];
    }
};

// Calls launch(pieces, blocks) with as many entries at a time as fit; fill(i, entry) tells of tensor i.
template <int most, class Entry, class Fill, class Launch>
void each_batch(int64_t tensors, int64_t length, const Fill &fill, const Launch &launch) {
    Pieces<Entry, most> batch{};
    int64_t blocks = 0;
    const auto flush = [&] {
        if (blocks > 0) launch(batch, blocks);
        batch.piece_before += blocks;
        batch.count = 0, blocks = 0;
    };
    for (int64_t i = 0; i < tensors; i++) {
        Entry entry{};
        fill(i, entry);
        const int64_t parts = (entry.elements + length - 1) / length;
        if (parts == 0) continue;
        if (batch.count == most || blocks + parts > 0x7fffffff) flush();
        entry.first_piece = blocks;
        batch.entries[batch.count++] = entry;
        blocks += parts;
    }
    flush();
}

}  // namespace awl
