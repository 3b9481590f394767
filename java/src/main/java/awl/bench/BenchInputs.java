package awl.bench;

import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Makes a case's inputs where they are measured. Random numbers are drawn in host memory, so that a device gets the
/// ones that the CPU gets.
///
/// @param device whose memory they lie in
record BenchInputs(DeviceHandle device) {

    /// N(0, 1).
    Tensor normal(ScalarType dtype, long... shape) {
        return device.move(torch.randn(shape), dtype);
    }

    /// [#normal] as a case stores its inputs.
    Tensor normal(Precision dtype, long... shape) {
        return normal(dtype.scalarType(), shape);
    }

    /// Uniform in [0, 1), float32.
    Tensor uniform(long... shape) {
        return device.move(torch.rand(shape));
    }

    /// Classes in [0, `count`), int64.
    Tensor classes(long count, long rows) {
        return device.move(torch.randint(count, new long[] {rows}), ScalarType.Long);
    }

    /// `count` of `rows` rows, ascending, int64.
    Tensor some(long count, long rows) {
        return device.move(
                torch.randperm(rows).to(ScalarType.Long).narrow(0, 0, count).msort());
    }

    /// Uninitialised.
    Tensor empty(ScalarType dtype, long... shape) {
        return Tensors.empty(device, dtype, shape);
    }

    Tensor zeros(ScalarType dtype, long... shape) {
        return Tensors.zeros(device, dtype, shape);
    }

    /// What was made in host memory.
    Tensor placed(Tensor tensor) {
        return device.move(tensor);
    }
}
