package awl.token.jinja;

import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/// One rendering in progress: its output, what it has used up, and the few settings a template can change on
/// the way.
final class Render {
    /// Characters read cost that much less than characters made.
    private static final int SCANNED_PER_UNIT = 16;

    private final Limits limits;
    private final Clock clock;
    private final StringBuilder output = new StringBuilder();
    private final List<Captured> captured = new ArrayList<>();
    private long steps;
    private long work;
    private int depth;

    /// Whether printing escapes for HTML at this moment.
    boolean autoescape;

    /// The line being run, for messages.
    int line;

    /// A generation block: where the output stood in UTF-16 units, and how many code points the block made.
    private record Captured(int start, int codePoints) {}

    Render(RenderOptions options) {
        this.limits = options.limits();
        this.clock = options.clock();
    }

    Limits limits() {
        return limits;
    }

    Clock clock() {
        return clock;
    }

    /// Where the template itself writes, as opposed to the text of a macro or of a captured block.
    StringBuilder output() {
        return output;
    }

    void step() {
        if (++steps > limits.steps()) {
            throw Fault.limit("template takes more than " + limits.steps() + " steps");
        }
    }

    /// Accounts for characters or elements handled, so that neither time nor memory can grow without bound.
    void charge(long amount) {
        work += amount;
        if (work > limits.work()) {
            throw Fault.limit("template handles more than " + limits.work() + " characters and elements");
        }
    }

    /// Accounts for a text that is only read.
    void scan(String text) {
        charge(text.length() / SCANNED_PER_UNIT);
    }

    void checkSize(long size) {
        if (size > limits.valueSize()) {
            throw Fault.limit("value is larger than " + limits.valueSize());
        }
    }

    void checkBits(long bits) {
        if (bits > limits.integerBits()) {
            throw Fault.limit("integer is larger than " + limits.integerBits() + " bits");
        }
    }

    /// The text, having accounted for it as a fresh value.
    String sized(String text) {
        checkSize(text.length());
        charge(text.length());
        return text;
    }

    void enter() {
        if (++depth > limits.depth()) {
            throw Fault.limit("macros or recursive loops are nested deeper than " + limits.depth());
        }
    }

    void leave() {
        depth--;
    }

    void emit(StringBuilder out, String text) {
        charge(text.length());
        if ((long) out.length() + text.length() > limits.outputSize()) {
            throw Fault.limit("output is larger than " + limits.outputSize());
        }
        out.append(text);
    }

    /// Writes what call and filter blocks give, which must be text already.
    void emitText(StringBuilder out, Object value) {
        if (!Values.isString(value)) {
            throw Fault.type("sequence item 0: expected str instance, " + Values.typeName(value) + " found");
        }
        emit(out, Values.string(value));
    }

    /// What a block has written, as a value: where escaping is on, it is escaped already.
    Object textOf(StringBuilder block) {
        return autoescape ? new Markup(block.toString()) : block.toString();
    }

    /// Notes a generation block. It counts from where the template's own output stands, wherever the text
    /// goes: that is the reference's rule, and a block inside a macro starts where the macro's call stands.
    void capture(String text) {
        captured.add(new Captured(output.length(), Text.length(text)));
    }

    List<Span> spans() {
        List<Span> spans = new ArrayList<>();
        int at = 0;
        int codePoints = 0;
        for (Captured block : captured) {
            codePoints += Character.codePointCount(output, at, block.start);
            at = block.start;
            spans.add(new Span(codePoints, codePoints + block.codePoints));
        }
        return spans;
    }
}
