package awl.kernel;

import static awl.kernel.Accuracy.same;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// How many matrix products of its size a loss takes whose weights come after its scores.
final class KeptLogitsTest {

    private static final HeadCase CASE = HeadCase.of("late weights", 60, 16, 129, 40);

    private final AtomicInteger products = new AtomicInteger();
    private final LinearCrossEntropy head = new LinearCrossEntropy(
            new TorchRowPasses(),
            (left, right, scale, add, out) -> {
                products.incrementAndGet();
                new TorchKernels().matrixProduct(left, right, scale, add, out);
            },
            _ -> false);
    private final HeadCase.Inputs in = CASE.inputs();

    private HeadScore score(HeadOptions options) {
        return head.score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), options);
    }

    private Tensor backward(HeadScore score, @Nullable Tensor dHead_VD, HeadOptions options) {
        return head.backward(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                score,
                dHead_VD,
                options);
    }

    private int productsOf(HeadOptions options, boolean frozen) {
        products.set(0);
        backward(score(options), frozen ? null : torch.zeros(129, 16), options);
        return products.get();
    }

    @Test
    void keptLogitsSaveAProduct() {
        HeadOptions standard = HeadOptions.standard();
        assertThat(productsOf(standard, false)).isEqualTo(4);
        assertThat(productsOf(standard.keepingLogits(), false)).isEqualTo(3);
        assertThat(productsOf(standard, true)).isEqualTo(3);
        assertThat(productsOf(standard.keepingLogits(), true)).isEqualTo(2);
    }

    @Test
    void theyGiveTheSameGradients() {
        HeadOptions standard = HeadOptions.standard();
        Tensor again = torch.zeros(129, 16);
        Tensor kept = torch.zeros(129, 16);
        Tensor dHidden = backward(score(standard), again, standard);
        assertThat(same(backward(score(standard.keepingLogits()), kept, standard.keepingLogits()), dHidden))
                .isTrue();
        assertThat(same(kept, again)).isTrue();
    }

    @Test
    void logitsBeyondTheBudgetAndCappedOnesAreMadeAgain() {
        HeadOptions keeping = HeadOptions.standard().keepingLogits();
        assertThat(score(keeping.withBudget(40 * 129 * 4 - 1)).logits()).isNull();
        assertThat(score(keeping.withBudget(40 * 129 * 4)).logits()).isNotNull();
        assertThat(score(keeping.withSoftCap(30.0)).logits()).isNull();
        assertThat(productsOf(keeping.withSoftCap(30.0), false)).isEqualTo(4);
    }

    @Test
    void logitsOfOtherKernelsAreNotTaken() {
        HeadOptions keeping = HeadOptions.standard().keepingLogits();
        HeadScore others =
                new TorchKernels().score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), keeping);
        products.set(0);
        backward(others, torch.zeros(129, 16), keeping);
        assertThat(products.get()).isEqualTo(3);
    }

    @Test
    void displacedLogitsAreMadeAgain() {
        HeadOptions keeping = HeadOptions.standard().keepingLogits();
        HeadScore first = score(keeping);
        score(keeping);
        products.set(0);
        backward(first, torch.zeros(129, 16), keeping);
        assertThat(products.get()).isEqualTo(3);
        HeadScore released = score(keeping);
        head.releaseWorkspace();
        products.set(0);
        backward(released, torch.zeros(129, 16), keeping);
        assertThat(products.get()).isEqualTo(3);
        products.set(0);
        HeadScore used = score(keeping);
        backward(used, torch.zeros(129, 16), keeping);
        backward(used, torch.zeros(129, 16), keeping);
        assertThat(products.get()).as("the first backward pass wrote over them").isEqualTo(3 + 3);
    }
}
