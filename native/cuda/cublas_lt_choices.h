// Which of cublasLt's algorithms was chosen for which product, for one process.
#pragma once

#include "cublas_lt.h"

namespace awl {
namespace lt {

struct Lock {
    explicit Lock(int &word) : word(word) {
        while (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE)) {
        }
    }
    ~Lock() { __atomic_store_n(&word, 0, __ATOMIC_RELEASE); }
    int &word;
};

// What an algorithm is chosen for.
struct Key {
    int64_t m, n, k, lda, ldb, ldc, workspace;
    int32_t device, kind, alignment[3];
    bool operator==(const Key &other) const {
        return m == other.m && n == other.n && k == other.k && lda == other.lda && ldb == other.ldb && ldc == other.ldc &&
               workspace == other.workspace && device == other.device && kind == other.kind &&
               alignment[0] == other.alignment[0] && alignment[1] == other.alignment[1] &&
               alignment[2] == other.alignment[2];
    }
};

class Choices {
  public:
    // A model has a few dozen shapes, those of the head and the documents' lengths among them.
    static constexpr int most = 256;

    // With more keys than there is room for the oldest makes way, or the new one is not kept.
    explicit constexpr Choices(bool forgets) : forgets(forgets) {}

    bool recall(const Key &key, Algorithm &algorithm) {
        Lock held(lock);
        return find(key, algorithm);
    }

    bool full() {
        Lock held(lock);
        return filled == most;
    }

    // What stands for the key from now on: another thread may have been here first.
    Algorithm remember(const Key &key, Algorithm algorithm) {
        Lock held(lock);
        if (find(key, algorithm) || (filled == most && !forgets)) return algorithm;
        entries[next] = {key, algorithm};
        next = (next + 1) % most;
        if (filled < most) filled++;
        return algorithm;
    }

  private:
    bool find(const Key &key, Algorithm &algorithm) const {
        for (int i = 0; i < filled; i++) {
            if (entries[i].key == key) {
                algorithm = entries[i].algorithm;
                return true;
            }
        }
        return false;
    }

    struct Entry {
        Key key;
        Algorithm algorithm;
    };
    Entry entries[most] = {};
    int filled = 0, next = 0, lock = 0;
    const bool forgets;
};

}  // namespace lt
}  // namespace awl
