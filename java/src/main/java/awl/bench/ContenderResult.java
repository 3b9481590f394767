package awl.bench;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What was measured of one contender of a case.
///
/// @param seconds of one call, one value a round
/// @param calls timed together for one value
/// @param memoryMib peak of the process above inputs and results handed back; NaN where the system does not say
/// @param errors against float64 by result; empty for a floor
/// @param tooFar those errors that break the acceptance rule; empty for all but ours
public record ContenderResult(
        String name,
        Contender.Role role,
        List<Double> seconds,
        int calls,
        double memoryMib,
        Map<String, Double> errors,
        Map<String, Double> tooFar) {

    public ContenderResult {
        seconds = List.copyOf(seconds);
        errors = Collections.unmodifiableMap(new LinkedHashMap<>(errors));
        tooFar = Collections.unmodifiableMap(new LinkedHashMap<>(tooFar));
    }

    public Quantiles time() {
        return Quantiles.of(seconds);
    }

    /// The largest error; NaN where there is none.
    public double worstError() {
        return errors.values().stream()
                .mapToDouble(Double::doubleValue)
                .reduce((a, b) -> Double.isNaN(a) || a > b ? a : b)
                .orElse(Double.NaN);
    }
}
