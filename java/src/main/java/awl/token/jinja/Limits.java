package awl.token.jinja;

/// Bounds on what a template may use up. Templates come with checkpoints, that is from strangers; each bound
/// ends in a [TemplateException], and together they make every rendering end.
///
/// @param steps statements, loop turns and calls of one rendering
/// @param work characters and elements handled in one rendering
/// @param valueSize characters of the longest string, or elements of the longest list
/// @param outputSize characters of the whole result
/// @param depth macros, recursive loops and blocks inside one another
/// @param integerBits bits of the largest integer
/// @param sourceSize characters of a template's source
/// @param nesting brackets, operators and blocks inside one another in a source
public record Limits(
        long steps, long work, int valueSize, int outputSize, int depth, int integerBits, int sourceSize, int nesting) {

    /// Far above what any published template needs, far below what hurts.
    public static final Limits STANDARD =
            new Limits(10_000_000, 1L << 28, 1 << 24, 1 << 26, 150, 1 << 17, 1 << 22, 200);
}
