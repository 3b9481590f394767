#include "cublas_lt.h"

#include <string.h>

namespace stand_in {

State &state() {
    static State one;
    return one;
}

namespace {

struct Description {
    int compute, scale;
    int32_t turned[2] = {0, 0};
};
struct Answer {
    uint64_t algorithm[8];
    size_t workspace_bytes;
    int state;
    float waves;
    int reserved[4];
};

float at(const void *matrix, int type, int64_t i) {
    if (type == 0) return ((const float *)matrix)[i];
    const uint32_t bits = (uint32_t)((const uint16_t *)matrix)[i] << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

template <class T, class... Arguments>
int make(void **made, Arguments... arguments) {
    *made = new T{arguments...};
    state().alive++;
    return 0;
}

template <class T>
int destroy(void *made) {
    delete (T *)made;
    state().alive--;
    return 0;
}

using Preference = std::map<int, uint64_t>;

}  // namespace
}  // namespace stand_in

using namespace stand_in;
#define CUBLAS_LT extern "C" __attribute__((visibility("default"))) int

CUBLAS_LT cublasLtCreate(void **handle) {
    *handle = &state();
    return 0;
}
CUBLAS_LT cublasLtMatmulDescCreate(void **made, int compute, int scale) { return make<Description>(made, compute, scale); }
CUBLAS_LT cublasLtMatmulDescDestroy(void *made) { return destroy<Description>(made); }
CUBLAS_LT cublasLtMatmulDescSetAttribute(void *made, int attribute, const void *value, size_t bytes) {
    if (bytes != 4 || attribute < 3 || attribute > 4) return 7;
    memcpy(&((Description *)made)->turned[attribute - 3], value, 4);
    return 0;
}
CUBLAS_LT cublasLtMatrixLayoutCreate(void **made, int type, uint64_t rows, uint64_t columns, int64_t ld) {
    return make<Matrix>(made, type, rows, columns, ld);
}
CUBLAS_LT cublasLtMatrixLayoutDestroy(void *made) { return destroy<Matrix>(made); }
CUBLAS_LT cublasLtMatmulPreferenceCreate(void **made) { return make<Preference>(made); }
CUBLAS_LT cublasLtMatmulPreferenceDestroy(void *made) { return destroy<Preference>(made); }
CUBLAS_LT cublasLtMatmulPreferenceSetAttribute(void *made, int attribute, const void *value, size_t bytes) {
    if (bytes != (attribute == 1 ? 8 : 4)) return 7;
    uint64_t number = 0;
    memcpy(&number, value, bytes);
    (*(Preference *)made)[attribute] = number;
    return 0;
}

CUBLAS_LT cublasLtMatmulAlgoGetHeuristic(void *, void *made, void *a, void *b, void *c, void *d, void *preference,
                                         int wanted, Answer *answers, int *count) {
    const Description &description = *(Description *)made;
    state().asked.push_back({wanted, description.compute, description.scale, description.turned[0] == 1,
                             description.turned[1] == 1, *(Matrix *)a, *(Matrix *)b, *(Matrix *)c, *(Matrix *)d,
                             *(Preference *)preference});
    *count = 0;
    for (const Offer &offer : state().offers) {
        if (*count == wanted) break;
        Answer &answer = answers[(*count)++];
        answer = {};
        answer.algorithm[0] = offer.name;
        answer.state = offer.state;
    }
    return state().heuristic_status;
}

CUBLAS_LT cublasLtMatmul(void *, void *made, const float *alpha, const void *a, Matrix *la, const void *b, Matrix *lb,
                         const float *beta, const void *, Matrix *, float *d, Matrix *ld, const uint64_t *algorithm, void *,
                         size_t, void *) {
    state().ran.push_back(algorithm[0]);
    const Description &description = *(Description *)made;
    for (const Offer &offer : state().offers) {
        if (offer.name != algorithm[0]) continue;
        if (offer.multiply_status) return offer.multiply_status;
        state().clock_ms += offer.ms;
    }
    const bool turn_a = description.turned[0], turn_b = description.turned[1];
    const int64_t depth = turn_a ? la->rows : la->columns;
    for (uint64_t j = 0; j < ld->columns; j++) {
        for (uint64_t i = 0; i < ld->rows; i++) {
            float sum = 0;
            for (int64_t k = 0; k < depth; k++)
                sum += at(a, la->type, turn_a ? k + (int64_t)i * la->ld : (int64_t)i + k * la->ld) *
                       at(b, lb->type, turn_b ? (int64_t)j + k * lb->ld : k + (int64_t)j * lb->ld);
            float &out = d[i + j * ld->ld];
            out = *alpha * sum + (*beta != 0 ? *beta * out : 0);
        }
    }
    return 0;
}
