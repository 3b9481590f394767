package awl.model;

import awl.tensor.DeviceHandle;
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

/// Parameters of an untrained model: norms at one, matrices normal around zero. Drawn on the host, so that
/// they are the same on every device.
final class RandomWeights implements Weights {

    private static final double DEVIATION = 0.02;

    private final Precision precision;
    private final DeviceHandle device;
    private final int layers;
    private long stream;

    private RandomWeights(long seed, Precision precision, int layers, DeviceHandle device) {
        this.precision = precision;
        this.device = device;
        this.layers = layers;
        this.stream = LoraDropout.mix(seed);
    }

    /// All matrices with a deviation of 0.02.
    static RandomWeights uniform(long seed, Precision precision, DeviceHandle device) {
        return new RandomWeights(seed, precision, 0, device);
    }

    /// For a narrow model that is to be trained: the deviation of a linear layer is one over the root of its
    /// inputs, and what writes into the residual stream is divided by the root of twice the layers (Radford
    /// et al. 2019).
    static RandomWeights scaled(long seed, Precision precision, int layers) {
        return new RandomWeights(seed, precision, layers, DeviceHandle.CPU);
    }

    private double deviation(String name, long... shape) {
        if (layers == 0 || name.contains("embed_tokens") || name.contains("lm_head")) {
            return DEVIATION;
        }
        boolean residual = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
        return 1 / Math.sqrt(shape[1]) / (residual ? Math.sqrt(2.0 * layers) : 1);
    }

    @Override
    public Parameter take(String name, Start start, long... shape) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor value = Tensors.zeros(ScalarType.Float, shape);
            switch (start) {
                case NORMAL -> {
                    Generator generator = torch.createCPUGenerator(LoraDropout.mix(++stream));
                    value.normal_(0, deviation(name, shape), new GeneratorOptional(generator));
                }
                case ONE -> value.fill_(Scalars.ONE);
                case ZERO -> {}
            }
            return new Parameter(name, device.move(value, precision.scalarType()));
        }
    }
}
