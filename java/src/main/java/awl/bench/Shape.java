package awl.bench;

import awl.ConfigException;
import awl.data.Nearest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Sizes that kernels are measured at: those of a model's layers.
///
/// @param name of the model, or `custom` where a size was changed
/// @param rows tokens of a micro-batch, N
/// @param hidden width of the hidden states, D
/// @param intermediate width of the feed-forward layer, F
/// @param vocabulary classes of the head, V
/// @param heads query heads
/// @param kvHeads key/value heads
/// @param headWidth numbers of a head, E
/// @param softCap of the head's logits; null for none
public record Shape(
        String name,
        int rows,
        int hidden,
        int intermediate,
        int vocabulary,
        int heads,
        int kvHeads,
        int headWidth,
        @Nullable Double softCap) {

    /// Where tensors of libtorch, which are indexed by int64, and rows, which are Java ints, both have room.
    private static final int MOST = 1 << 24;

    /// Models whose sizes can be had by name.
    public static final List<Shape> PRESETS = List.of(
            new Shape("smollm2", 1024, 576, 1536, 49_152, 9, 3, 64, null),
            new Shape("qwen2.5-0.5b", 1024, 896, 4864, 151_936, 14, 2, 64, null),
            new Shape("llama-3.1-8b", 1024, 4096, 14_336, 128_256, 32, 8, 128, null),
            new Shape("gemma-2-2b", 1024, 2304, 9216, 256_000, 8, 4, 256, 30.0),
            new Shape("qwen2.5-7b", 1024, 3584, 18_944, 152_064, 28, 4, 128, null));

    public Shape {
        size("--rows", rows);
        size("--hidden", hidden);
        size("--intermediate", intermediate);
        size("--vocab", vocabulary);
        size("heads", heads);
        size("key/value heads", kvHeads);
        size("head width", headWidth);
        if (heads % kvHeads != 0) {
            throw new ConfigException(
                    "--heads: expected query heads that are a multiple of the key/value heads, found %d and %d"
                            .formatted(heads, kvHeads));
        }
        if (headWidth % 2 != 0) {
            throw new ConfigException("--heads: expected an even head width, found " + headWidth);
        }
    }

    private static void size(String what, int value) {
        if (value < 1 || value > MOST) {
            throw new ConfigException("%s: expected 1 to %,d, found %,d".formatted(what, MOST, value));
        }
    }

    /// The sizes of a model.
    public static Shape preset(String name) {
        List<String> names = PRESETS.stream().map(Shape::name).toList();
        return PRESETS.stream()
                .filter(each -> each.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new ConfigException("--preset: no model '%s'; did you mean %s? There are %s"
                        .formatted(name, Nearest.of(name, names), String.join(", ", names))));
    }

    /// With some sizes changed; null leaves one as it is.
    public Shape with(
            @Nullable Integer newRows,
            @Nullable Integer newHidden,
            @Nullable Integer newIntermediate,
            @Nullable Integer newVocabulary) {
        boolean same = newHidden == null && newIntermediate == null && newVocabulary == null;
        return new Shape(
                same ? name : "custom",
                newRows == null ? rows : newRows,
                newHidden == null ? hidden : newHidden,
                newIntermediate == null ? intermediate : newIntermediate,
                newVocabulary == null ? vocabulary : newVocabulary,
                heads,
                kvHeads,
                headWidth,
                softCap);
    }

    /// With other heads.
    ///
    /// @param text `QUERY-KEY-WIDTH`, such as `9-3-64`; null leaves them as they are
    public Shape withHeads(@Nullable String text) {
        if (text == null) {
            return this;
        }
        if (!text.matches("\\d{1,6}-\\d{1,6}-\\d{1,6}")) {
            throw new ConfigException("--heads: expected QUERY-KEY-WIDTH such as 9-3-64, found '" + text + "'");
        }
        String[] parts = text.split("-");
        return new Shape(
                "custom",
                rows,
                hidden,
                intermediate,
                vocabulary,
                Integer.parseInt(parts[0]),
                Integer.parseInt(parts[1]),
                Integer.parseInt(parts[2]),
                softCap);
    }

    /// Width of a row of queries, keys and values side by side.
    int projected() {
        return (heads + 2 * kvHeads) * headWidth;
    }
}
