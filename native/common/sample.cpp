#include "sample.h"

#include "status.h"

namespace awl {

int32_t check_sample(int32_t device, const awl_tensor *logits, const awl_tensor *settings, const awl_tensor *uniform,
                     const awl_tensor *id, const awl_tensor *log_prob) {
    AWL_TRY(check("sample", "logits", logits, device, AWL_F32, 2, -1, -1));
    const int64_t rows = logits->size[0];
    if (rows > 0 && logits->size[1] < 1)
        return fail(AWL_BAD_ARGUMENT, "sample: logits: expected at least one class, got none");
    AWL_TRY(check_dense("sample", "settings", settings, device, AWL_F64, 2, rows, 4));
    AWL_TRY(check_dense("sample", "uniform", uniform, device, AWL_F64, 1, rows));
    AWL_TRY(check_dense("sample", "id", id, device, AWL_I64, 1, rows));
    return check_dense("sample", "log_prob", log_prob, device, AWL_F32, 1, rows);
}

}  // namespace awl
