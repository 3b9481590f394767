package awl.token.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A parsed template. It holds no state of its renderings and may be used from many threads at once.
public final class JinjaTemplate {
    /// Left-leaning chains of operators are not nested in the source, so their bound is wider.
    private static final int CHAIN_FACTOR = 5;

    private final String name;
    private final Program program;
    private final boolean marksGeneration;

    private JinjaTemplate(String name, Program program, boolean marksGeneration) {
        this.name = name;
        this.program = program;
        this.marksGeneration = marksGeneration;
    }

    /// Parses with the standard limits.
    ///
    /// @param name what messages call the template, a file for example
    /// @throws TemplateException where the source is not a template
    public static JinjaTemplate parse(String source, String name) {
        return parse(source, name, Limits.STANDARD);
    }

    public static JinjaTemplate parse(String source, String name, Limits limits) {
        if (source.length() > limits.sourceSize()) {
            throw new TemplateException(
                    TemplateException.Kind.LIMIT, name, 0, "template is longer than " + limits.sourceSize());
        }
        try {
            List<Stmt> body = new StatementParser(new TokenStream(Lexer.tokenize(source), limits.nesting())).template();
            Program program = Compiler.compile(body, CHAIN_FACTOR * limits.nesting());
            return new JinjaTemplate(name, program, NameSearch.hasGeneration(body));
        } catch (Fault fault) {
            throw exception(fault, name, fault.line);
        } catch (StackOverflowError deep) {
            throw tooDeep(name, 0);
        }
    }

    /// @param variables plain values: strings, integers, floats, booleans, null, lists, and maps with string
    ///     keys
    /// @throws TemplateException where the template fails or refuses
    public RenderResult render(Map<String, ?> variables, RenderOptions options) {
        Render render = new Render(options);
        try {
            Map<String, Object> outer = new HashMap<>(Globals.TABLE);
            variables.forEach((key, value) -> outer.put(key, value(value)));
            program.run(render, new Context(outer), render.output());
        } catch (Fault fault) {
            throw exception(fault, name, fault.line > 0 ? fault.line : render.line);
        } catch (StackOverflowError deep) {
            // the counted limits come first; this is for data or expressions of a shape they do not foresee
            throw tooDeep(name, render.line);
        }
        return new RenderResult(
                render.output().toString(), marksGeneration ? Optional.of(render.spans()) : Optional.empty());
    }

    /// A failure to use this template that is found around it, not in it.
    public TemplateException failure(String reason) {
        return new TemplateException(TemplateException.Kind.RUNTIME, name, 0, reason);
    }

    /// The text without white space around it, as the template language counts white space.
    public static String strip(String text) {
        return Text.strip(text);
    }

    /// The text without white space at its end.
    public static String stripEnd(String text) {
        return Text.stripRight(text);
    }

    private static TemplateException tooDeep(String name, int line) {
        return new TemplateException(TemplateException.Kind.LIMIT, name, line, "template or data is nested too deep");
    }

    private static TemplateException exception(Fault fault, String name, int line) {
        TemplateException.Kind kind = switch (fault.sort) {
            case SYNTAX -> TemplateException.Kind.SYNTAX;
            case RAISED -> TemplateException.Kind.RAISED;
            case LIMIT -> TemplateException.Kind.LIMIT;
            default -> TemplateException.Kind.RUNTIME;
        };
        return new TemplateException(kind, name, line, fault.getMessage());
    }

    /// A copy of a plain value in the engine's own types, so that a rendering sees no change made meanwhile.
    private static Object value(@Nullable Object plain) {
        return switch (plain) {
            case null -> None.NONE;
            case String text -> text;
            case Boolean flag -> flag;
            case Long number -> number;
            case Integer number -> number.longValue();
            case Short number -> number.longValue();
            case Byte number -> number.longValue();
            case Double number -> number;
            case Float number -> number.doubleValue();
            case java.math.BigInteger number -> Numbers.narrow(number);
            case java.math.BigDecimal number -> number.doubleValue();
            case Map<?, ?> map -> {
                Dict dict = new Dict();
                map.forEach((key, item) -> dict.put(value(key), value(item)));
                yield dict;
            }
            case Iterable<?> items -> {
                List<Object> list = new ArrayList<>();
                items.forEach(item -> list.add(value(item)));
                yield list;
            }
            default ->
                throw Fault.type(
                        "a template variable cannot be a " + plain.getClass().getName());
        };
    }
}
