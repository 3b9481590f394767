package awl.optim;

import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import awl.tensor.Parameter;
import awl.tensor.Shapes;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// AdamW (Loshchilov, Hutter 2019) with decoupled decay on matrices only and fp32 state throughout.
///
/// A parameter that is not fp32 gets an fp32 master copy: the update is made there and rounded into the
/// parameter, so that steps smaller than a bf16 unit are not lost. The rule itself is an [AdamWRule]: the
/// kernels' own, libtorch's fused kernel, or the plain operations both are tested against.
///
/// Moments get their zeros when they are asked for first, and never where a checkpoint is read into them: fresh
/// memory is slow to touch, so it is touched once.
public final class AdamW implements Optimizer {

    /// @param beta1 decay of the first moment
    /// @param beta2 decay of the second moment
    /// @param eps added to the root of the second moment
    /// @param weightDecay on matrices (tensors of two or more axes) only; norms and biases have none
    public record Settings(double beta1, double beta2, double eps, double weightDecay) {}

    /// A tensor to be trained.
    ///
    /// @param value updated in place; must outlive the optimiser
    /// @param decays whether weight decay applies
    public record Slot(String name, Tensor value, boolean decays) {

        /// A whole parameter: matrices decay.
        public Slot(String name, Tensor value) {
            this(name, value, value.dim() >= 2);
        }
    }

    /// A slot for each parameter.
    public static List<Slot> slots(List<Parameter> parameters) {
        return parameters.stream()
                .map(parameter -> new Slot(parameter.name(), parameter.value()))
                .toList();
    }

    private record State(Slot slot, Tensor master, boolean ownsMaster, Tensor first, Tensor second) {

        /// The parameter, where it is the rounded copy of its master that rules write themselves.
        @Nullable
        Tensor rounded() {
            return slot.value().scalar_type().intern() == ScalarType.BFloat16 ? slot.value() : null;
        }
    }

    /// What the names of moments and masters begin with in [#tensors].
    public static final String FIRST = "optimizer.first.";

    public static final String SECOND = "optimizer.second.";
    public static final String MASTER = "optimizer.master.";

    /// The order of a checkpoint: one kind after the other, and in each the last tensor first, as the buckets of
    /// several ranks have them. So the file is the same however the state was spread.
    public static final List<String> KINDS = List.of(FIRST, SECOND, MASTER);

    /// Name of the number of updates in [#tensors].
    public static final String COUNT = "optimizer.count";

    private final Settings settings;
    private final AdamWRule rule;
    private final List<State> states = new ArrayList<>();
    /// On the host, for every update needs it there.
    private final Tensor count;
    /// The last update's `skip` on a device, where nobody has looked at it yet.
    private @Nullable Tensor unread;
    /// Whether moments hold nothing yet, not even zeros.
    private boolean blank = true;

    public AdamW(List<Slot> slots, Settings settings, AdamWRule rule) {
        this.settings = settings;
        this.rule = rule;
        try (NoGradGuard guard = new NoGradGuard();
                PointerScope scope = new PointerScope()) {
            for (Slot slot : slots) {
                boolean owns = slot.value().scalar_type().intern() != ScalarType.Float;
                Tensor master = owns ? keep(slot.value().to(ScalarType.Float)) : slot.value();
                states.add(
                        new State(slot, master, owns, keep(memoryLike(slot.value())), keep(memoryLike(slot.value()))));
            }
            count = keep(Tensors.zeros(ScalarType.Float));
        }
    }

    private static Tensor memoryLike(Tensor value) {
        return Tensors.beside(value, ScalarType.Float, Shapes.of(value));
    }

    private void begin() {
        if (blank) {
            states.forEach(state -> {
                state.first().zero_();
                state.second().zero_();
            });
            blank = false;
        }
    }

    private static Tensor keep(Tensor tensor) {
        tensor.retainReference();
        return tensor;
    }

    @Override
    public void step(List<@Nullable Tensor> gradients, double rate, Tensor divisor, Tensor skip) {
        if (gradients.size() != states.size()) {
            throw new IllegalArgumentException(gradients.size() + " gradients for " + states.size() + " parameters");
        }
        try (NoGradGuard guard = new NoGradGuard();
                PointerScope scope = new PointerScope()) {
            settle();
            begin();
            count.add_(new Scalar(1.0));
            List<AdamWTensors> tensors = new ArrayList<>();
            for (int i = 0; i < gradients.size(); i++) {
                tensors.add(tensors(states.get(i), gradients.get(i)));
            }
            AdamWStep step = new AdamWStep(steps(), rate, settings.beta1(), settings.beta2(), settings.eps());
            rule.update(tensors, step, divisor, skip);
            for (State state : states) {
                if (state.ownsMaster() && state.rounded() == null) {
                    state.slot().value().copy_(state.master());
                }
            }
            if (skip.is_cpu()) {
                count.sub_(skip);
            } else {
                unread = keep(skip.clone());
            }
        }
    }

    private AdamWTensors tensors(State state, @Nullable Tensor given) {
        Tensor gradient = given == null ? torch.zeros_like(state.first()) : given.to(ScalarType.Float);
        double decay = state.slot().decays() ? settings.weightDecay() : 0;
        return new AdamWTensors(state.master(), gradient, state.first(), state.second(), state.rounded(), decay);
    }

    /// Counts the last update, or does not where it was skipped. On a device that waits for it: call this where the
    /// device has been waited for anyway; the next step and [#state] would.
    @Override
    public void settle() {
        Tensor skip = unread;
        if (skip != null) {
            unread = null;
            try (skip;
                    Scalar skipped = new Scalar(skip.item_double())) {
                count.sub_(skipped);
            }
        }
    }

    /// Number of updates made.
    public long steps() {
        settle();
        return (long) count.item_double();
    }

    @Override
    public List<StateSection> state() {
        Map<String, Tensor> live = named();
        Map<String, Tensor> ordered = new LinkedHashMap<>();
        for (String kind : KINDS) {
            for (State state : states.reversed()) {
                Tensor tensor = live.get(kind + state.slot().name());
                if (tensor != null) {
                    ordered.put(kind + state.slot().name(), tensor);
                }
            }
        }
        ordered.put(COUNT, count);
        return List.of(new StateSection(ordered, true, this::begin, () -> blank = false));
    }

    /// Moments, masters and the count, by name. The tensors are the live ones.
    public Map<String, Tensor> tensors() {
        begin();
        return named();
    }

    private Map<String, Tensor> named() {
        settle();
        Map<String, Tensor> named = new LinkedHashMap<>();
        for (State state : states) {
            String name = state.slot().name();
            named.put(FIRST + name, state.first());
            named.put(SECOND + name, state.second());
            if (state.ownsMaster()) {
                named.put(MASTER + name, state.master());
            }
        }
        named.put(COUNT, count);
        return named;
    }

    @Override
    public void close() {
        for (State state : states) {
            state.first().close();
            state.second().close();
            if (state.ownsMaster()) {
                state.master().close();
            }
        }
        count.close();
        if (unread != null) {
            unread.close();
        }
    }
}
