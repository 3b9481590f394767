package awl.bench;

import awl.tensor.Precision;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What was measured of one case: plain data.
///
/// @param contenders ours first
public record CaseResult(
        String kernel,
        String label,
        Precision dtype,
        Map<String, Object> parameters,
        Work work,
        List<ContenderResult> contenders) {

    public CaseResult {
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        contenders = List.copyOf(contenders);
    }

    public ContenderResult ours() {
        return contenders.stream()
                .filter(each -> each.role() == Contender.Role.OURS)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(kernel + ": nothing of ours was measured"));
    }

    /// The faster of the ways to compute only what must be computed; none for most kernels.
    public Optional<ContenderResult> floor() {
        return contenders.stream()
                .filter(each -> each.role() == Contender.Role.FLOOR)
                .min(Comparator.comparingDouble(each -> each.time().median()));
    }

    /// How many times as long as ours a contender takes, round by round.
    public Quantiles againstOurs(ContenderResult contender) {
        return Quantiles.ofRatios(contender.seconds(), ours().seconds());
    }

    /// How many times as long as the floor a contender takes, round by round; none without a floor or without work.
    public Optional<Quantiles> againstFloor(ContenderResult contender) {
        return work.amount() == 0
                ? Optional.empty()
                : floor().map(floor -> Quantiles.ofRatios(contender.seconds(), floor.seconds()));
    }

    /// `head, 25 % active, fp32`
    public String fullLabel() {
        return "%s, %s, %s".formatted(kernel, label, dtype);
    }
}
