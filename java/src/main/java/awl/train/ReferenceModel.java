package awl.train;

import awl.ConfigException;
import awl.kernel.Kernels;
import awl.loss.WeightedCrossEntropy;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.PeftAdapter;
import awl.model.TensorSource;
import awl.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// The model whose log-probabilities a preference run compares with, opened when it is first asked.
///
/// Without `objective.reference` it is the model of the run itself as it was loaded: before adapters were attached,
/// before a checkpoint was taken up. So it takes no memory of its own.
final class ReferenceModel implements AutoCloseable {

    private final TrainConfig config;
    private final Kernels kernels;
    private final Decoder policy;
    private @Nullable Decoder opened;

    /// @param policy the model of the run, nothing attached yet
    ReferenceModel(TrainConfig config, Kernels kernels, Decoder policy) {
        this.config = config;
        this.kernels = kernels;
        this.policy = policy;
    }

    /// What it is, for files and messages.
    String name() {
        String reference = config.objective().reference();
        return reference == null ? config.model().path() : reference;
    }

    /// Scores with it.
    Objective scorer() {
        return new WeightedObjective(model(), new WeightedCrossEntropy(kernels));
    }

    private Decoder model() {
        String reference = config.objective().reference();
        if (reference == null) {
            return policy;
        }
        Decoder known = opened;
        if (known == null) {
            known = open(Path.of(reference));
            opened = known;
        }
        return known;
    }

    private Decoder open(Path reference) {
        boolean adapter = Files.exists(reference.resolve("adapter_config.json"))
                && !Files.exists(reference.resolve("config.json"));
        TensorSource source = Checkpoint.open(adapter ? Path.of(config.model().path()) : reference);
        Decoder model = Decoder.map(source, policy.precision(), kernels, true, policy.device());
        try {
            if (model.config().vocabSize() != policy.config().vocabSize()) {
                throw new ConfigException(
                        "objective.reference: %s has a vocabulary of %d, the model of the run has %d; they must share one"
                                .formatted(
                                        reference,
                                        model.config().vocabSize(),
                                        policy.config().vocabSize()));
            }
            if (adapter) {
                try (PeftAdapter trained = PeftAdapter.open(reference);
                        TensorScope scope = TensorScope.open()) {
                    model.attach(trained.weights(), 0, 0);
                }
            }
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    @Override
    public void close() {
        if (opened != null) {
            opened.close();
        }
    }
}
