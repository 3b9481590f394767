package awl.kernel;

/// How the logits [A, V] are cut so that they never stand in memory in full when they are large. A pure
/// function of shape, dtype and budget.
///
/// [Order#ROWS]: chunks of rows, each with its whole vocabulary; loss and gradient in one pass, three GEMMs
/// (logits, dH, dW). One chunk while the logits are small, two from [#SMALL_BYTES] on, more where the budget
/// asks for it. Each further chunk reads and writes dW once more, which is cheap from [#FEWEST_ROWS] rows on.
/// [Order#VOCABULARY]: chunks of the vocabulary with all rows; a first pass for the log-sum-exp and a second
/// for the gradient, four GEMMs. For budgets below that.
///
/// @param rows rows of a chunk
/// @param classes classes of a chunk; with [Order#ROWS] the width of the tiles in which a head of another
///     dtype is converted, else the whole vocabulary
public record HeadPlan(Order order, long rows, long classes) {

    public enum Order {
        ROWS,
        VOCABULARY
    }

    /// How products take what is stored.
    public enum Operands {
        AS_STORED,
        /// Converted to the logits' dtype, piece by piece.
        WIDENED,
        /// In bfloat16 beside float32 logits, and twice as fast for it.
        NARROW
    }

    /// With fewer rows than this a chunk's traffic on dW (8 V D bytes for 2 C D V operations a GEMM) costs more
    /// than the recomputed logits of [Order#VOCABULARY].
    public static final long FEWEST_ROWS = 64;

    /// Logits of more bytes are cut in halves of at least [#HALF_ROWS] rows: half the memory, at a cost that was
    /// below what could be measured (2 cores, 256 rows of 49,152 classes).
    public static final long SMALL_BYTES = 32L << 20;

    public static final long HALF_ROWS = 128;

    /// The same beside [Operands#NARROW]: halves of 128 rows cost a sixth of the time (2 cores with AVX512-BF16, 256
    /// rows of 49,152 classes), for the head is packed and dW read and written for each.
    public static final long NARROW_HALF_ROWS = 256;

    /// Narrower pieces of the vocabulary leave a GEMM with too little to do.
    private static final long NARROWEST = 256;

    /// Cuts so that the logits of a chunk (+ a converted tile of the head) fit `budgetBytes`, down to a floor
    /// of 256 classes.
    ///
    /// @param logitBytes size of a logit
    /// @param trainable whether dW is wanted
    public static HeadPlan choose(
            long active,
            long vocabulary,
            long width,
            int logitBytes,
            Operands operands,
            boolean trainable,
            long budgetBytes) {
        boolean converts = operands == Operands.WIDENED;
        long half = operands == Operands.NARROW ? NARROW_HALF_ROWS : HALF_ROWS;
        long rows = Math.max(1, active);
        long narrowest = Math.min(NARROWEST, vocabulary);
        long tile = converts ? Math.clamp(budgetBytes / 4 / (width * logitBytes), narrowest, vocabulary) : vocabulary;
        long tileBytes = converts ? tile * width * logitBytes : 0;
        long fit = Math.max(0, budgetBytes - tileBytes) / (vocabulary * logitBytes);
        // Without dW a further chunk costs nothing but its reading of W, so that fewer rows are still worth it.
        long fewest = trainable ? FEWEST_ROWS : FEWEST_ROWS / 4;
        if (fit >= Math.min(rows, fewest)) {
            boolean whole = rows * vocabulary * logitBytes <= SMALL_BYTES || rows < 2 * half;
            long most = whole ? rows : Math.ceilDiv(rows, 2);
            return new HeadPlan(Order.ROWS, balanced(rows, Math.min(fit, most)), tile);
        }
        long bytesOfClass = (rows + (converts ? width : 0)) * logitBytes;
        long classes = Math.clamp(budgetBytes / bytesOfClass, narrowest, vocabulary);
        return new HeadPlan(Order.VOCABULARY, rows, balanced(vocabulary, classes));
    }

    /// Size of nearly equal pieces of `total`, none above `most`.
    static long balanced(long total, long most) {
        long pieces = Math.ceilDiv(total, Math.min(most, total));
        return Math.ceilDiv(total, pieces);
    }

    /// Bytes of logits and converted head that this plan holds at a time.
    public long bytes(long vocabulary, long width, int logitBytes, boolean converts) {
        long logits = rows * (order == Order.ROWS ? vocabulary : classes) * logitBytes;
        return logits + (converts ? classes * width * logitBytes : 0);
    }
}
