package awl.task;

import awl.data.SplitMix;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Where a question may be used. What a question is about (kind and numbers, not its wording) decides, so that splits
/// never overlap, whatever their seeds and sizes.
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    /// Name in files and on the command line.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Eight tenths train, one tenth validation, one tenth test.
    ///
    /// @param content what the question is about, the same text for the same thing
    public static Split of(String content) {
        long hash = 0;
        for (byte each : content.getBytes(StandardCharsets.UTF_8)) {
            hash = SplitMix.mix(hash ^ each);
        }
        return switch ((int) Long.remainderUnsigned(hash, 10)) {
            case 0 -> TEST;
            case 1 -> VALIDATION;
            default -> TRAIN;
        };
    }
}
