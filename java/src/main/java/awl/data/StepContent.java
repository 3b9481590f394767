package awl.data;

import java.util.List;

/// What one step learns.
///
/// @param units documents to learn; those of one unit share a micro-batch
/// @param measured documents that count nothing but whose loss is reported
/// @param normaliser what the weighted sum over all units is divided by; 0 when there is nothing to learn
/// @param components parts whose loss is reported; [Datum#group] is an index into it. Empty: no parts
/// @param examples the documents' origin, for counting and naming
public record StepContent(
        List<List<Datum>> units,
        List<Datum> measured,
        double normaliser,
        List<Component> components,
        List<Example> examples) {

    /// Documents that each stand for themselves, without parts.
    static StepContent plain(List<Datum> documents, double normaliser, List<Example> examples) {
        return new StepContent(documents.stream().map(List::of).toList(), List.of(), normaliser, List.of(), examples);
    }
}
