package awl.tool;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What calls to a simulator of several systems have in common: each system needs some arguments and has some
/// quantities.
public final class Systems {

    private Systems() {}

    /// What is wrong with a call, in words; null where nothing is.
    ///
    /// @param needs arguments without which the system cannot be simulated
    /// @param quantities that it has, in the order they are listed
    public static @Nullable String problem(
            String system, List<String> needs, List<String> quantities, Map<String, @Nullable Object> arguments) {
        for (String needed : needs) {
            if (!arguments.containsKey(needed)) {
                return "system '" + system + "' needs the argument '" + needed + "'";
            }
        }
        String quantity = Arguments.text(arguments, "quantity", "");
        return quantities.contains(quantity)
                ? null
                : "system '%s' has no quantity '%s'; it has: %s"
                        .formatted(system, quantity, String.join(", ", quantities));
    }
}
