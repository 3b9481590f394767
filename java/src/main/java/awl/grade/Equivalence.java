package awl.grade;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whether two formulas mean the same: equal text after normalisation, else equal values at several points
/// (variables included); tuples, intervals, sets, matrices, equations and `±` part by part.
final class Equivalence {

    private static final int POINTS = 8;
    private static final double CLOSE = 1e-6;
    private static final Pattern NAMED =
            Pattern.compile("^\\s*[A-Za-z](?:_\\w|\\([a-z]\\)|')?(?:\\s*[=:]|\\s+in(?= ))\\s*(?=\\S)");

    private Equivalence() {}

    static boolean same(String gold, String given) {
        return equal(normal(gold), normal(given), 0);
    }

    private static String normal(String text) {
        String plain = Latex.plain(FinalAnswer.clean(text), false);
        plain = plain.replaceAll("(?<=\\d),(?=\\d{3}(?!\\d))(?![^(\\[{]*[)\\]}])", "");
        return FinalAnswer.clean(plain);
    }

    private static boolean equal(String a, String b, int depth) {
        if (a.isEmpty() || b.isEmpty() || depth > 10) {
            return a.equals(b);
        }
        if (squeezed(a).equals(squeezed(b))) {
            return true;
        }
        if (a.matches("[A-Za-z ]{3,}") && Words.normal(a).equals(Words.normal(b))) {
            return true;
        }
        Boolean byEquation = equations(a, b, depth);
        if (byEquation != null) {
            return byEquation;
        }
        List<String> unionA = Formula.parts(a, "∪");
        List<String> unionB = Formula.parts(b, "∪");
        if (unionA.size() > 1 || unionB.size() > 1) {
            return unordered(unionA, unionB, depth);
        }
        if (bracketed(a) && bracketed(b)) {
            return brackets(a, b, depth);
        }
        List<String> listA = list(a);
        List<String> listB = list(b);
        if (listA.size() > 1 || listB.size() > 1) {
            return unordered(listA, listB, depth);
        }
        return values(a, b);
    }

    private static String squeezed(String text) {
        return text.replaceAll("[\\s{}]", "");
    }

    /// `x = 5` is 5 where the other side has no name; two equations are the same when a side minus the
    /// other is.
    private static @Nullable Boolean equations(String a, String b, int depth) {
        boolean namedA = NAMED.matcher(a).find();
        boolean namedB = NAMED.matcher(b).find();
        if (namedA || namedB) {
            Matcher nameA = NAMED.matcher(a);
            Matcher nameB = NAMED.matcher(b);
            boolean bothEquations = a.contains("=") && b.contains("=");
            if (bothEquations && namedA != namedB) {
                return difference(a, b); // y = 2x + 3 and y - 2x = 3
            }
            if (namedA
                    && namedB
                    && nameA.find()
                    && nameB.find()
                    && !squeezed(nameA.group()).equals(squeezed(nameB.group()))) {
                return difference(a, b);
            }
            return equal(
                    NAMED.matcher(a).replaceFirst("").strip(),
                    NAMED.matcher(b).replaceFirst("").strip(),
                    depth + 1);
        }
        if (a.matches(".*[^<>]=.*") && b.matches(".*[^<>]=.*")) {
            return difference(a, b);
        }
        if (a.matches(".*[<>].*") || b.matches(".*[<>].*")) {
            return false; // other than letter by letter, inequalities are not compared
        }
        return null;
    }

    /// Whether left minus right of one equation is a constant multiple of that of the other.
    private static boolean difference(String a, String b) {
        String[] sidesA = a.split("=", 2);
        String[] sidesB = b.split("=", 2);
        if (sidesA.length < 2 || sidesB.length < 2) {
            return false;
        }
        Formula.Parsed one = Formula.parse("(" + sidesA[0] + ")-(" + sidesA[1] + ")");
        Formula.Parsed other = Formula.parse("(" + sidesB[0] + ")-(" + sidesB[1] + ")");
        if (one == null || other == null || !one.variables().equals(other.variables())) {
            return false;
        }
        double ratio = Double.NaN;
        int met = 0;
        for (int i = 0; i < POINTS; i++) {
            Map<String, Double> point = point(one.variables(), i);
            double quotient = one.node().at(point) / other.node().at(point);
            if (!Double.isFinite(quotient)) {
                continue;
            }
            if (met++ > 0 && Math.abs(quotient - ratio) > CLOSE * Math.abs(ratio)) {
                return false;
            }
            ratio = quotient;
        }
        return met > 2 && ratio != 0;
    }

    private static boolean bracketed(String text) {
        return text.length() > 2
                && "([{".indexOf(text.charAt(0)) >= 0
                && ")]}".indexOf(text.charAt(text.length() - 1)) >= 0
                && Formula.parts(text.substring(1, text.length() - 1), ",;&").size() > 1
                && closes(text);
    }

    private static boolean closes(String text) {
        int depth = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += "([{".indexOf(c) >= 0 ? 1 : ")]}".indexOf(c) >= 0 ? -1 : 0;
            if (depth == 0 && i < text.length() - 1) {
                return false;
            }
        }
        return true;
    }

    private static boolean brackets(String a, String b, int depth) {
        boolean set = a.charAt(0) == '{';
        if (a.charAt(0) != b.charAt(0) || a.charAt(a.length() - 1) != b.charAt(b.length() - 1)) {
            return false; // (0,1] is not [0,1]
        }
        List<String> partsA = Formula.parts(a.substring(1, a.length() - 1), ",;&");
        List<String> partsB = Formula.parts(b.substring(1, b.length() - 1), ",;&");
        partsA.removeIf(String::isEmpty);
        partsB.removeIf(String::isEmpty);
        if (set) {
            return unordered(partsA, partsB, depth);
        }
        boolean same = partsA.size() == partsB.size();
        for (int i = 0; same && i < partsA.size(); i++) {
            same = equal(partsA.get(i), partsB.get(i), depth + 1);
        }
        return same;
    }

    /// Answers with several values: `2, 3`, `2 and 3`, `{2, 3}`, `1 ± 2`.
    private static List<String> list(String text) {
        String inner = text.startsWith("{") && text.endsWith("}") ? text.substring(1, text.length() - 1) : text;
        List<String> items = new ArrayList<>();
        for (String each : Formula.parts(inner.replaceAll("\\b(?:and|or)\\b", ","), ",;")) {
            String item = NAMED.matcher(each).replaceFirst("").strip();
            if (item.contains("±")) {
                items.add(item.replace("±", "+"));
                items.add(item.replace("±", "-"));
            } else if (!item.isEmpty()) {
                items.add(item);
            }
        }
        return items;
    }

    private static boolean unordered(List<String> a, List<String> b, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        List<String> left = new ArrayList<>(b);
        for (String each : a) {
            int match = -1;
            for (int i = 0; i < left.size() && match < 0; i++) {
                match = equal(each, left.get(i), depth + 1) ? i : -1;
            }
            if (match < 0) {
                return false;
            }
            left.remove(match);
        }
        return true;
    }

    private static boolean values(String a, String b) {
        Formula.Parsed one = Formula.parse(a);
        Formula.Parsed other = Formula.parse(b);
        if (one == null || other == null) {
            return one == other && Words.normal(a).equals(Words.normal(b));
        }
        Set<String> names = new TreeSet<>(one.variables());
        names.addAll(other.variables());
        int met = 0;
        for (int i = 0; i < POINTS; i++) {
            Map<String, Double> point = point(names, i);
            double x = one.node().at(point);
            double y = other.node().at(point);
            if (Double.isNaN(x) || Double.isNaN(y)) {
                continue; // outside the domain of one way to write it, such as x^(1/3) below zero
            }
            if (x != y && Double.isInfinite(x) || x != y && Double.isInfinite(y)) {
                return false;
            }
            if (x != y && !(Math.abs(x - y) <= CLOSE * Math.max(1e-9, Math.max(Math.abs(x), Math.abs(y))))) {
                return false;
            }
            met++;
        }
        return met > 2;
    }

    /// Fixed points without meaning, mostly positive, so that roots and logarithms have values.
    private static Map<String, Double> point(Set<String> names, int number) {
        Map<String, Double> point = new TreeMap<>();
        double value = 0.37 + 0.71 * number;
        for (String name : names) {
            value = value * 1.618 + 0.29 + name.hashCode() % 13 * 0.017;
            value = value > 7 ? value - 6.6 : value;
            point.put(name, number == 6 ? -value : value);
        }
        return point;
    }
}
