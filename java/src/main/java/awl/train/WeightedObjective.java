package awl.train;

import awl.data.Batch;
import awl.loss.LossResult;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.model.TokenBatch;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Tape;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Weighted cross-entropy of a language model: the objective of supervised and mixed training.
final class WeightedObjective implements Objective {

    private final Decoder model;
    private final WeightedCrossEntropy loss;

    WeightedObjective(Decoder model, WeightedCrossEntropy loss) {
        this.model = model;
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

    /// Dropout draws from (seed, stream, document, position, adapter).
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
        return loss.logProb(model.head(), model.hidden(in, Tape.none()), in);
    }
}
