package awl.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.Shared;
import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.kernel.TorchKernels;
import awl.tensor.BlockMatrix;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The contract of [Kernels#linearBlocks], by the reference and by the library where there is one.
final class BlockKernelsTest {

    private final Arena arena = Arena.ofConfined();
    private final Random random = new Random(5);
    private final List<Kernels> all = new ArrayList<>(List.of(new TorchKernels()));
    private TensorScope scope;

    @BeforeEach
    void open() {
        scope = TensorScope.open();
        torch.manual_seed(5);
        Path library = Shared.home().resolve("native/build/cpu/libawl_cpu.so");
        if (Files.exists(library)) {
            all.add(NativeKernels.open(library));
        }
    }

    @AfterEach
    void close() {
        scope.close();
        arena.close();
    }

    /// Random blocks whose half floats are small and finite.
    private GgufBlocks blocks(GgufType type, long rows, long columns, int head) {
        byte[] bytes = new byte[Math.toIntExact(rows * columns / type.values * type.bytes)];
        random.nextBytes(bytes);
        for (int at = 0; at < bytes.length; at += type.bytes) {
            switch (type) {
                case Q6_K -> tame(bytes, at + 208);
                case BF16, F16 -> tame(bytes, at);
                default -> {
                    tame(bytes, at);
                    tame(bytes, at + 2);
                }
            }
        }
        MemorySegment memory = arena.allocate(Math.max(1, bytes.length));
        MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
        return new GgufBlocks(
                new GgufTensor("w", type, new long[] {rows, columns}, 0, bytes.length),
                memory.asSlice(0, bytes.length),
                head);
    }

    private static void tame(byte[] bytes, int at) {
        bytes[at + 1] = (byte) ((bytes[at + 1] & 0x83) | 0x24);
    }

    private static double worst(Tensor left, Tensor right) {
        return left.numel() == 0
                ? 0
                : left.to(ScalarType.Double)
                        .sub(right.to(ScalarType.Double))
                        .abs()
                        .max()
                        .item_double();
    }

    @ParameterizedTest
    @EnumSource(value = GgufType.class, mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void isAsExactAsPlainLibtorchAndLinearsBits(GgufType type) {
        long block = Math.max(32, type.values);
        for (int[] shape :
                new int[][] {{0, 1, 3}, {1, 1, 1}, {1, 3, 9}, {2, 2, 8}, {7, 1, 5}, {32, 2, 6}, {40, 3, 6}}) {
            long n = shape[0];
            long d = shape[1] * block;
            long o = shape[2];
            GgufBlocks matrix = blocks(type, o, d, 0);
            Tensor dense = matrix.dequantized();
            Tensor x = torch.randn(n, d);
            Tensor truth = torch.mm(
                    x.to(ScalarType.Double), dense.to(ScalarType.Double).t());
            double plain = worst(torch.mm(x, dense.t()), truth);
            double size = n == 0 ? 0 : truth.abs().max().item_double();
            for (Kernels kernels : all) {
                // The output may be a part of a wider one.
                Tensor y = torch.ones(n, o + 5);
                kernels.linearBlocks(x, List.of(matrix), y.narrow(1, 2, o));
                assertThat(worst(y.narrow(1, 2, o), truth))
                        .as("%s %s", kernels.name(), Arrays.toString(shape))
                        .isLessThanOrEqualTo(3 * plain + 1e-6 * size);
                Tensor same = torch.empty(n, o);
                kernels.linear(x, dense, same);
                assertThat(y.narrow(1, 2, o).equal(same)).isTrue();
                assertThat(y.narrow(1, 0, 2).sum().item_double()).isEqualTo(2.0 * n);
                assertThat(y.narrow(1, o + 2, 3).sum().item_double()).isEqualTo(3.0 * n);
                assertThat(kernels.dequantized(matrix).equal(dense)).isTrue();
            }
        }
    }

    @Test
    void matricesOfSeveralFormatsStandSideBySideInHuggingFacesOrder() {
        GgufBlocks query = blocks(GgufType.Q4_1, 24, 64, 8);
        GgufBlocks key = blocks(GgufType.Q8_0, 8, 64, 8);
        GgufBlocks value = blocks(GgufType.Q5_0, 5, 64, 0);
        // Row 1 of a head there is its row E/2 here.
        Tensor there = new GgufBlocks(query.tensor(), query.bytes(), 0).dequantized();
        assertThat(query.dequantized().select(0, 4).equal(there.select(0, 1))).isTrue();
        List<BlockMatrix> three = List.of(query, key, value);
        for (int rows : new int[] {1, 3, 33}) {
            Tensor x = torch.randn(rows, 64);
            for (Kernels kernels : all) {
                Tensor y = torch.empty(rows, 37);
                kernels.linearBlocks(x, three, y);
                long column = 0;
                for (BlockMatrix each : three) {
                    Tensor same = torch.empty(rows, each.rows());
                    kernels.linear(x, each.dequantized(), same);
                    assertThat(y.narrow(1, column, each.rows()).equal(same))
                            .as("%s: %s", kernels.name(), each)
                            .isTrue();
                    column += each.rows();
                }
            }
        }
    }

    @Test
    void rowsAreThoseOfTheWhole() {
        for (int head : new int[] {0, 8}) {
            GgufBlocks matrix = blocks(GgufType.Q6_K, 16, 256, head);
            int[] wanted = {3, 15, 0, 3};
            assertThat(matrix.dequantized(wanted).equal(matrix.dequantized().index_select(0, Tensors.indices(wanted))))
                    .isTrue();
            assertThat(matrix.dequantized(new int[0]).size(0)).isZero();
        }
    }

    @Test
    void aScaleThatIsNotANumberReachesItsOwnOutput() {
        GgufBlocks matrix = blocks(GgufType.Q4_1, 5, 32, 0);
        matrix.bytes().set(ValueLayout.JAVA_BYTE, 2 * 20 + 1, (byte) 0x7e);
        for (Kernels kernels : all) {
            Tensor y = torch.empty(2, 5);
            kernels.linearBlocks(torch.ones(2, 32), List.of(matrix), y);
            float[] values = Tensors.array(y);
            for (int i = 0; i < values.length; i++) {
                assertThat(Float.isNaN(values[i])).isEqualTo(i % 5 == 2);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        GgufBlocks matrix = blocks(GgufType.Q8_0, 3, 64, 0);
        for (Kernels kernels : all) {
            assertThatThrownBy(() -> kernels.linearBlocks(torch.ones(2, 32), List.of(matrix), torch.empty(2, 3)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("linearBlocks: expected weights of 32 columns, got w Q8_0 of 64");
            assertThatThrownBy(() -> kernels.linearBlocks(torch.ones(2, 64), List.of(matrix), torch.empty(2, 4)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("linearBlocks: expected y (2, 3), got (2, 4)");
            assertThatThrownBy(() -> kernels.linearBlocks(torch.ones(2, 64), List.of(), torch.empty(2, 0)))
                    .isInstanceOf(ShapeException.class);
            Tensor wide = torch.ones(2, 64).to(ScalarType.Double);
            assertThatThrownBy(() -> kernels.linearBlocks(wide, List.of(matrix), torch.empty(2, 3)))
                    .isInstanceOf(ShapeException.class)
                    .hasMessageContaining("float32");
        }
        assertThat(new TorchKernels().usesBlocks(matrix)).isFalse();
    }
}
