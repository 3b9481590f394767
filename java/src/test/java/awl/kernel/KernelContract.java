package awl.kernel;

import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// What every implementation of [Kernels] must satisfy, family by family; a subclass names one.
abstract class KernelContract
        implements MatrixProductContract,
                LinearContract,
                GateContract,
                RmsNormContract,
                ResidualNormContract,
                RopeContract,
                DropoutContract,
                CacheAttentionContract,
                DocumentAttentionContract,
                HeadContract,
                HeadAccuracyContract,
                AdamWContract,
                SquaredNormContract,
                EmbeddingContract {

    private PointerScope scope;
    private int threads;

    static Stream<HeadCase> headCases() {
        return HeadCase.all().stream();
    }

    @BeforeEach
    void open() {
        threads = torch.get_num_threads();
        torch.set_num_threads(1);
        scope = new PointerScope();
    }

    @AfterEach
    void close() {
        scope.close();
        torch.set_num_threads(threads);
    }
}
