package awl.model.gguf;

import awl.tensor.BlockMatrix;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A matrix of a GGUF file as its blocks.
record GgufBlocks(GgufTensor tensor, MemorySegment bytes, int interleavedHead) implements BlockMatrix {

    /// Values that kernels decode at a time.
    private static final int RUN = 32;

    /// Whether the tensor is a matrix in a format that kernels read.
    static boolean suits(GgufTensor tensor) {
        return tensor.shape().length == 2 && tensor.type() != GgufType.F32 && tensor.columns() % RUN == 0;
    }

    @Override
    public int format() {
        return tensor.type().code();
    }

    @Override
    public String formatName() {
        return tensor.type().name();
    }

    @Override
    public long rows() {
        return tensor.rows();
    }

    @Override
    public long columns() {
        return tensor.columns();
    }

    @Override
    public Tensor dequantized() {
        return new Dequantizer(tensor, bytes, interleavedHead).read(ScalarType.Float);
    }

    @Override
    public Tensor dequantized(int... rows) {
        return new Dequantizer(tensor, bytes, interleavedHead).rows(rows);
    }

    @Override
    public String toString() {
        return tensor.name() + " " + formatName();
    }
}
