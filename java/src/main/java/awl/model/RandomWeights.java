package awl.model;

import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Scalars;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Parameters of an untrained model: matrices from N(0, 0.02), norms at one.
final class RandomWeights implements Weights {

    private static final double DEVIATION = 0.02;

    private final Precision precision;
    private long stream;

    RandomWeights(long seed, Precision precision) {
        this.precision = precision;
        this.stream = LoraDropout.mix(seed);
    }

    @Override
    public Parameter take(String name, Start start, long... shape) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor value = Tensors.zeros(ScalarType.Float, shape);
            switch (start) {
                case NORMAL -> {
                    Generator generator = torch.createCPUGenerator(LoraDropout.mix(++stream));
                    value.normal_(0, DEVIATION, new GeneratorOptional(generator));
                }
                case ONE -> value.fill_(Scalars.ONE);
                case ZERO -> {}
            }
            return new Parameter(name, value.to(precision.scalarType()));
        }
    }
}
