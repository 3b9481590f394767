// What stands in cuBLASLt's place in cublas_lt_test: a libcublasLt.so.13 of plain loops that writes down what it was told
// and answers as the test wants. A "device" takes `ms` of an algorithm for a product.
#pragma once

#include <stdint.h>

#include <map>
#include <vector>

namespace stand_in {

struct Offer {
    uint64_t name;  // of the algorithm
    double ms;
    int multiply_status = 0, state = 0;
};
struct Matrix {
    int type;
    uint64_t rows, columns;
    int64_t ld;
};
struct Asked {
    int wanted, compute, scale;
    bool turn_a, turn_b;
    Matrix a, b, c, d;
    std::map<int, uint64_t> preferences;
};

struct State {
    std::vector<Offer> offers{{1, 1}};
    int heuristic_status = 0;
    std::vector<Asked> asked;
    std::vector<uint64_t> ran;  // names of algorithms, in the order of the products
    int alive = 0;              // descriptions, layouts and preferences that were not freed
    double clock_ms = 0;
};

__attribute__((visibility("default"))) State &state();

}  // namespace stand_in
