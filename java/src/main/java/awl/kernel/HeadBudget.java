package awl.kernel;

import awl.ConfigException;
import awl.tensor.DeviceHandle;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// How much memory the logits of the loss head may take: property `awl.head.mib`, variable `AWL_HEAD_MIB`, else
/// [HeadOptions#DEFAULT_BUDGET_BYTES] or, on CUDA, [HeadOptions#DEVICE_BUDGET_BYTES]. Less memory costs time,
/// see [HeadPlan]; the last bits of sums depend on it.
final class HeadBudget {

    private static final long MOST_MIB = 1 << 20;

    private HeadBudget() {}

    /// Bytes, for this process.
    static long here() {
        return bytes(System::getProperty, System::getenv);
    }

    /// @param device where the logits will be
    static long here(DeviceHandle device) {
        long bytes = here();
        return device.isCuda() && bytes == HeadOptions.DEFAULT_BUDGET_BYTES ? HeadOptions.DEVICE_BUDGET_BYTES : bytes;
    }

    static long bytes(UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> variable) {
        String named = property.apply("awl.head.mib");
        String origin = "property awl.head.mib";
        if (named == null || named.isEmpty()) {
            named = variable.apply("AWL_HEAD_MIB");
            origin = "variable AWL_HEAD_MIB";
        }
        if (named == null || named.isEmpty()) {
            return HeadOptions.DEFAULT_BUDGET_BYTES;
        }
        if (!named.matches("[0-9]{1,7}") || Long.parseLong(named) < 1 || Long.parseLong(named) > MOST_MIB) {
            throw new ConfigException("%s: expected 1 to %,d mebibytes, found '%s'".formatted(origin, MOST_MIB, named));
        }
        return Long.parseLong(named) << 20;
    }
}
