package awl.kernel;

import awl.tensor.Tensors;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [Kernels#sample] as its definition reads, all rows at once in float64: sorted, filtered, put back in
/// order of id. Nothing is read on the host.
final class TorchSample {

    private TorchSample() {}

    static void run(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B) {
        if (logits_BV.size(0) == 0) {
            return;
        }
        Tensor z_BV = logits_BV.to(ScalarType.Double);
        Tensor max_B1 = z_BV.amax(new long[] {1}, true);
        Tensor logSumExp_B1 =
                z_BV.sub(max_B1).exp_().sum(new long[] {1}).log_().unsqueeze(1).add_(max_B1);
        Tensor place_V = Tensors.places(z_BV, z_BV.size(1));
        Tensor greedy_B1 = torch.where(z_BV.eq(max_B1), place_V, new Scalar(z_BV.size(1)))
                .to(ScalarType.Long)
                .amin(new long[] {1}, true);
        Tensor temperature_B1 = settings_B4.narrow(1, 0, 1);
        Tensor chosen_B1 = torch.where(
                temperature_B1.eq(new Scalar(0.0)), greedy_B1, drawn(z_BV, max_B1, settings_B4, uniform_B, place_V));
        Tensor fits_B1 = fits(settings_B4).logical_and_(logSumExp_B1.isfinite());
        Tensor inside_B1 = chosen_B1.clamp_max(new Scalar(z_BV.size(1) - 1)); // a row of NaN has no largest
        id_B.copy_(torch.where(fits_B1, chosen_B1, new Scalar(-1L)).squeeze(1));
        Tensor logProb_B1 = z_BV.gather(1, inside_B1).sub_(logSumExp_B1);
        logProb_B.copy_(torch.where(fits_B1, logProb_B1, new Scalar(Double.NaN)).squeeze(1));
    }

    private static Tensor fits(Tensor settings_B4) {
        Scalar zero = new Scalar(0.0);
        Tensor temperature_B1 = settings_B4.narrow(1, 0, 1);
        Tensor topP_B1 = settings_B4.narrow(1, 2, 1);
        Tensor minP_B1 = settings_B4.narrow(1, 3, 1);
        return temperature_B1
                .ge(zero)
                .logical_and_(temperature_B1.isfinite())
                .logical_and_(settings_B4.narrow(1, 1, 1).ge(zero))
                .logical_and_(topP_B1.gt(zero))
                .logical_and_(topP_B1.le(new Scalar(1.0)))
                .logical_and_(minP_B1.ge(zero))
                .logical_and_(minP_B1.le(new Scalar(1.0)));
    }

    /// Ids drawn, `[B, 1]`.
    private static Tensor drawn(Tensor z_BV, Tensor max_B1, Tensor settings_B4, Tensor uniform_B, Tensor place_V) {
        Scalar zero = new Scalar(0.0);
        long v = z_BV.size(1);
        T_TensorTensor_T sorted = z_BV.sort(new BoolOptional(true), 1, true); // stable: the lower id first among equals
        Tensor ranked_BV = sorted.get0();
        Tensor temperature_B1 = settings_B4.narrow(1, 0, 1).clamp_min(new Scalar(Kernels.LEAST_TEMPERATURE));
        Tensor mass_BV = ranked_BV.sub(max_B1).div_(temperature_B1).exp_();

        Tensor k_B1 = settings_B4.narrow(1, 1, 1);
        Tensor last_B1 = torch.where(k_B1.gt(zero), k_B1.clamp_max(new Scalar((double) v)), new Scalar((double) v))
                .to(ScalarType.Long)
                .sub_(new Scalar(1L))
                .clamp_min_(new Scalar(0L));
        mass_BV.masked_fill_(ranked_BV.lt(ranked_BV.gather(1, last_B1)), zero);

        Tensor upTo_BV = mass_BV.cumsum(1);
        Tensor p_B1 = settings_B4.narrow(1, 2, 1);
        Tensor wanted_B1 = torch.where(
                p_B1.lt(new Scalar(1.0)), p_B1.mul(upTo_BV.narrow(1, v - 1, 1)), new Scalar(Double.MAX_VALUE));
        mass_BV.masked_fill_(upTo_BV.sub(mass_BV).ge(wanted_B1), zero);

        mass_BV.masked_fill_(mass_BV.lt(settings_B4.narrow(1, 3, 1)), zero); // the most probable has mass 1

        Tensor byId_BV = mass_BV.scatter(1, sorted.get1(), mass_BV);
        Tensor sum_BV = byId_BV.cumsum(1);
        Tensor target_B1 = sum_BV.narrow(1, v - 1, 1).mul(uniform_B.unsqueeze(1));
        Tensor first_B1 = sum_BV.le(target_B1).sum(new long[] {1}).unsqueeze(1);
        // Where rounding kept the sum from exceeding the target: the last with any mass.
        Tensor end_B1 = place_V.mul(byId_BV.gt(zero)).amax(new long[] {1}, true);
        return torch.minimum(first_B1, end_B1);
    }
}
