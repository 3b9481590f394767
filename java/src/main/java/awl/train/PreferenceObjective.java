package awl.train;

import awl.data.Batch;
import awl.data.StepBatches;
import awl.loss.DirectPreference;
import awl.loss.LossResult;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.model.TokenBatch;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Tape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Preference optimisation of a language model over pairs of rows.
final class PreferenceObjective implements Objective {

    private final Decoder model;
    private final WeightedCrossEntropy scores;
    private final DirectPreference loss;

    PreferenceObjective(Decoder model, WeightedCrossEntropy scores, DirectPreference loss) {
        this.model = model;
        this.scores = scores;
        this.loss = loss;
    }

    @Override
    public DeviceHandle device() {
        return model.device();
    }

    @Override
    public List<Parameter> trainable() {
        return model.trainable();
    }

    @Override
    public void startRandomStream(long stream) {
        model.adapters().startStep(stream);
    }

    @Override
    public Learned learn(Batch batch, double scale) {
        TokenBatch in = TokenBatch.upload(batch, model.device());
        Tape tape = Tape.recording();
        Tensor hidden_ND = model.hidden(in, tape);
        LossResult out = loss.at(model.head(), hidden_ND, in, scale);
        tape.backward(out.hiddenGradient_ND());
        return new Learned(out.lossSum(), out.logProb_A());
    }

    @Override
    public Tensor logProb(Batch batch) {
        TokenBatch in = TokenBatch.upload(batch, model.device());
        return scores.logProb(model.head(), model.hidden(in, Tape.none()), in);
    }

    @Override
    public double loss(LogProbs scored, double scale) {
        return mean(scored, scale, each -> each.result().loss());
    }

    /// Means over pairs, weighted as the loss: `margin`, and the share of pairs whose margin is positive.
    @Override
    public Map<String, @Nullable Double> parts(StepBatches step, double total, LogProbs learned, LogProbs measured) {
        double scale = 1 / step.normaliser();
        Map<String, @Nullable Double> parts = new LinkedHashMap<>();
        boolean any = step.normaliser() > 0;
        parts.put("margin", any ? mean(learned, scale, each -> each.result().margin()) : null);
        parts.put("accuracy", any ? mean(learned, scale, each -> each.result().margin() > 0 ? 1 : 0) : null);
        return parts;
    }

    private double mean(
            LogProbs scored, double scale, java.util.function.ToDoubleFunction<DirectPreference.Scored> value) {
        double sum = 0;
        for (int b = 0; b < scored.batches().size(); b++) {
            for (DirectPreference.Scored each : loss.scored(scored.batches().get(b), scored.of(b))) {
                sum += loss.weight(each) * value.applyAsDouble(each);
            }
        }
        return sum * scale;
    }
}
