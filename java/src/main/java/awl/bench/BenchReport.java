package awl.bench;

import awl.tensor.Precision;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What came of `awl bench`: plain data, from which every document is made.
///
/// @param command as it was given
/// @param kernels which were measured, and why those
/// @param facts machine and versions by name
/// @param rates what the machine reached beside
/// @param rounds measured ones
public record BenchReport(
        String command,
        String kernels,
        Map<String, String> facts,
        MachineRates rates,
        int rounds,
        List<CaseResult> cases) {

    public BenchReport {
        facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
        cases = List.copyOf(cases);
    }

    /// Cases in which ours is further from float64 than the rule allows.
    public List<CaseResult> inexact() {
        return cases.stream().filter(each -> !each.ours().tooFar().isEmpty()).toList();
    }

    /// The share of what the machine reaches on work of this kind; NaN where that is unknown.
    public double shareOfMachine(CaseResult at, ContenderResult contender) {
        return at.work().rate(contender.time().median()) / rates.most(at.work().bound(), at.dtype());
    }

    /// Names of the kernels measured, in order.
    List<String> kernelNames() {
        return cases.stream().map(CaseResult::kernel).distinct().toList();
    }

    /// Dtypes measured of a kernel.
    List<Precision> dtypes(String kernel) {
        return cases.stream()
                .filter(each -> each.kernel().equals(kernel))
                .map(CaseResult::dtype)
                .distinct()
                .toList();
    }

    /// Cases of a kernel at a dtype, in order.
    List<CaseResult> cases(String kernel, Precision dtype) {
        return cases.stream()
                .filter(each -> each.kernel().equals(kernel) && each.dtype() == dtype)
                .toList();
    }
}
