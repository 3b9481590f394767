package awl.optim;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// AdamW in single libtorch operations: the reference.
///
/// ```
/// p <- p (1 - lr decay)
/// m <- b1 m + (1 - b1) g          v <- b2 v + (1 - b2) g^2
/// p <- p - lr / (1 - b1^t) * m / (sqrt(v) / sqrt(1 - b2^t) + eps)
/// ```
public final class PlainAdamW implements AdamWRule {

    @Override
    public void update(
            Target target,
            Tensor count,
            double rate,
            AdamW.Settings settings,
            double decay,
            Tensor divisor,
            Tensor skip) {
        if (skip.item_double() == 1) {
            return;
        }
        double step = count.item_double();
        Tensor gradient = target.gradient().div_(divisor);
        target.value().mul_(new Scalar(1 - rate * decay));
        target.first().lerp_(gradient, new Scalar(1 - settings.beta1()));
        target.second()
                .mul_(new Scalar(settings.beta2()))
                .addcmul_(gradient, gradient, new Scalar(1 - settings.beta2()));
        double correction1 = 1 - Math.pow(settings.beta1(), step);
        double correction2 = Math.sqrt(1 - Math.pow(settings.beta2(), step));
        Tensor denominator =
                target.second().sqrt().div_(new Scalar(correction2)).add_(new Scalar(settings.eps()));
        target.value().addcdiv_(target.first(), denominator, new Scalar(-rate / correction1));
    }

    @Override
    public String name() {
        return "plain operations";
    }
}
