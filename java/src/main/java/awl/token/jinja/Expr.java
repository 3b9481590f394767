package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Expressions as parsed. Every node knows its line; [#children] gives the direct parts in the order of
/// evaluation.
sealed interface Expr {
    int line();

    /// How a name is used: read, assigned, or bound as the parameter of a macro, `with` or call block.
    enum Use {
        LOAD,
        STORE,
        PARAMETER
    }

    record Name(String name, Use use, int line) implements Expr {}

    /// `namespace.attribute` as the target of an assignment.
    record NamespaceTarget(String name, String attribute, int line) implements Expr {}

    record Const(Object value, int line) implements Expr {}

    record TupleOf(List<Expr> items, int line) implements Expr {}

    record ListOf(List<Expr> items, int line) implements Expr {}

    record DictOf(List<Expr> keys, List<Expr> values, int line) implements Expr {}

    record Unary(String operator, Expr operand, int line) implements Expr {}

    /// Arithmetic, `and` and `or`.
    record Binary(String operator, Expr left, Expr right, int line) implements Expr {}

    record Concat(List<Expr> items, int line) implements Expr {}

    /// A chain as in `a < b <= c`: one more operand than operators.
    record Compare(List<String> operators, List<Expr> operands, int line) implements Expr {}

    record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {}

    /// The `else` of a conditional that has none.
    record Absent(int line) implements Expr {}

    record Attribute(Expr object, String name, int line) implements Expr {}

    record Item(Expr object, Expr key, int line) implements Expr {}

    record SliceOf(Expr start, Expr stop, Expr step, int line) implements Expr {}

    record Keyword(String name, Expr value) {}

    /// Everything between the parentheses of a call; the starred parts are [Absent] where not written.
    record Args(List<Expr> positional, List<Keyword> keywords, Expr star, Expr doubleStar) {
        static final Args NONE = new Args(List.of(), List.of(), new Absent(0), new Absent(0));

        void forEach(Consumer<Expr> action) {
            positional.forEach(action);
            keywords.forEach(keyword -> action.accept(keyword.value));
            action.accept(star);
            action.accept(doubleStar);
        }
    }

    record Call(Expr function, Args args, int line) implements Expr {}

    /// `value | name(args)`; the value is [Absent] where the text of a block is filtered.
    record Filter(Expr value, String name, Args args, int line) implements Expr {}

    record Test(Expr value, String name, Args args, int line) implements Expr {}

    default List<Expr> children() {
        List<Expr> parts = new ArrayList<>();
        switch (this) {
            case Name _, NamespaceTarget _, Const _, Absent _ -> {}
            case TupleOf tuple -> parts.addAll(tuple.items);
            case ListOf list -> parts.addAll(list.items);
            case DictOf dict -> {
                for (int i = 0; i < dict.keys.size(); i++) {
                    parts.add(dict.keys.get(i));
                    parts.add(dict.values.get(i));
                }
            }
            case Unary unary -> parts.add(unary.operand);
            case Binary binary -> {
                parts.add(binary.left);
                parts.add(binary.right);
            }
            case Concat concat -> parts.addAll(concat.items);
            case Compare compare -> parts.addAll(compare.operands);
            case Conditional choice -> parts.addAll(List.of(choice.test, choice.then, choice.otherwise));
            case Attribute attribute -> parts.add(attribute.object);
            case Item item -> parts.addAll(List.of(item.object, item.key));
            case SliceOf slice -> parts.addAll(List.of(slice.start, slice.stop, slice.step));
            case Call call -> {
                parts.add(call.function);
                call.args.forEach(parts::add);
            }
            case Filter filter -> {
                parts.add(filter.value);
                filter.args.forEach(parts::add);
            }
            case Test test -> {
                parts.add(test.value);
                test.args.forEach(parts::add);
            }
        }
        return parts;
    }
}
