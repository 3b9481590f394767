package awl.parallel;

import awl.kernel.Kernels;
import awl.optim.GradientNorm;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// All of the sum on every rank, by one all-reduce a bucket and step (ZeRO stages 0 and 1). Micro-batches are added up
/// before anything is sent: with overlap, buckets leave during the backward pass of the step's last one.
final class WholeGradients extends GradientBuckets {

    private final List<World.Pending> underWay = new ArrayList<>();

    WholeGradients(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        super(world, parameters, bytes, overlap);
        for (Bucket bucket : buckets()) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor flat = Tensors.zeros(world.device(), ScalarType.Float, bucket.numbers);
                flat.retainReference();
                bucket.flat = flat;
                bind(bucket, flat);
            }
        }
    }

    private static Tensor flat(Bucket bucket) {
        return Objects.requireNonNull(bucket.flat);
    }

    @Override
    public void startStep(int microBatches) {}

    @Override
    public void microBatch(boolean last) {
        count(last && overlap);
    }

    @Override
    void send(Bucket bucket) {
        bucket.places.forEach(place -> parameter(place).gradient()); // zeros where nothing was added
        underWay.add(world.startSum(flat(bucket)));
    }

    @Override
    public void finish() {
        sendRest();
        underWay.forEach(World.Pending::await);
        underWay.clear();
    }

    @Override
    public List<Tensor> gradients() {
        return parameters().stream().map(Parameter::gradient).toList();
    }

    @Override
    public Tensor norm(Kernels kernels) {
        return GradientNorm.of(kernels, gradients());
    }

    @Override
    public List<String> notFinite() {
        List<String> names = new ArrayList<>();
        for (Parameter parameter : parameters()) {
            Tensor gradient = parameter.gradient();
            if (gradient != null && !isFinite(gradient)) {
                names.add(parameter.name());
            }
        }
        return names;
    }

    @Override
    public long heldBytes() {
        return buckets().stream()
                .mapToLong(bucket -> bucket.numbers * Float.BYTES)
                .sum();
    }

    @Override
    public long peakBytes() {
        return heldBytes();
    }

    @Override
    Tensor ownSum(Bucket bucket) {
        long chunk = bucket.numbers / world.size();
        return flat(bucket).narrow(0, world.rank() * chunk, chunk);
    }

    @Override
    List<Tensor> room() {
        return buckets().stream().map(WholeGradients::flat).toList();
    }

    @Override
    boolean sharesRoom() {
        return false;
    }

    @Override
    public void close() {
        for (Bucket bucket : buckets()) {
            flat(bucket).close();
        }
    }
}
