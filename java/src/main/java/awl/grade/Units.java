package awl.grade;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Units of measure: names to dimensions and factors, with prefixes, products, quotients and powers.
final class Units {

    /// @param dimensions exponents of base units
    /// @param factor to base units
    record Unit(Map<String, Integer> dimensions, double factor) {

        boolean sameKind(Unit other) {
            return dimensions.equals(other.dimensions);
        }
    }

    private static final Pattern FACTOR = Pattern.compile("([A-Za-zΩμ°%]+)\\s*(?:\\^?\\s*\\(?\\s*(-?\\d+)\\s*\\)?)?");
    private static final Map<String, Unit> KNOWN = new TreeMap<>();
    private static final Map<String, Double> PREFIXES = Map.ofEntries(
            Map.entry("n", 1e-9),
            Map.entry("μ", 1e-6),
            Map.entry("u", 1e-6),
            Map.entry("m", 1e-3),
            Map.entry("c", 1e-2),
            Map.entry("d", 1e-1),
            Map.entry("k", 1e3),
            Map.entry("M", 1e6),
            Map.entry("G", 1e9),
            Map.entry("nano", 1e-9),
            Map.entry("micro", 1e-6),
            Map.entry("milli", 1e-3),
            Map.entry("centi", 1e-2),
            Map.entry("kilo", 1e3),
            Map.entry("mega", 1e6),
            Map.entry("giga", 1e9));
    private static final String PREFIXED =
            " m s g N J W Pa Hz V A C_ mol L eV Ω K rad meter meters metre metres gram grams second seconds joule"
                    + " joules watt watts newton newtons volt volts liter liters pascal pascals hertz ";

    static {
        base("m", 1, "m meter meters metre metres");
        base("m", 0.3048, "ft foot feet");
        base("m", 0.0254, "inch inches");
        base("m", 1609.344, "mi mile miles");
        base("m", 1e-10, "Å angstrom angstroms");
        base("s", 1, "s sec secs second seconds");
        base("s", 60, "min mins minute minutes");
        base("s", 3600, "h hr hrs hour hours");
        base("s", 86400, "day days d");
        base("s", 7 * 86400, "week weeks");
        base("s", 365.25 * 86400, "yr yrs year years");
        base("kg", 1e-3, "g gram grams");
        base("kg", 1000, "tonne tonnes");
        base("kg", 0.45359237, "lb lbs pound pounds");
        base("K", 1, "K C °C kelvin kelvins celsius degC");
        base("A", 1, "A amp amps ampere amperes");
        base("mol", 1, "mol mole moles");
        base("rad", 1, "rad radian radians");
        base("rad", Math.PI / 180, "° deg degs degree degrees");
        base("person", 1, "people person persons individuals inhabitants");
        base("%", 1, "% percent pct");
        base("ppm", 1, "ppm");
        base("carbon", 1, "GtC PgC");
        base("dollar", 1, "dollar dollars USD");
        derived("N newton newtons", 1, "kg", 1, "m", 1, "s", -2);
        derived("J joule joules", 1, "kg", 1, "m", 2, "s", -2);
        derived("W watt watts", 1, "kg", 1, "m", 2, "s", -3);
        derived("Pa pascal pascals", 1, "kg", 1, "m", -1, "s", -2);
        derived("atm atmosphere atmospheres", 101325, "kg", 1, "m", -1, "s", -2);
        derived("bar", 1e5, "kg", 1, "m", -1, "s", -2);
        derived("Hz hertz", 1, "s", -1);
        derived("L l liter liters litre litres", 1e-3, "m", 3);
        derived("eV", 1.602176634e-19, "kg", 1, "m", 2, "s", -2);
        derived("cal calorie calories", 4.184, "kg", 1, "m", 2, "s", -2);
        derived("V volt volts", 1, "kg", 1, "m", 2, "s", -3, "A", -1);
        derived("Ω ohm ohms", 1, "kg", 1, "m", 2, "s", -3, "A", -2);
        derived("mph", 0.44704, "m", 1, "s", -1);
        derived("kph kmh", 1 / 3.6, "m", 1, "s", -1);
    }

    private Units() {}

    private static void base(String dimension, double factor, String names) {
        for (String each : names.split(" ")) {
            KNOWN.put(each, new Unit(Map.of(dimension, 1), factor));
        }
    }

    private static void derived(String names, double factor, Object... dimensions) {
        Map<String, Integer> exponents = new TreeMap<>();
        for (int i = 0; i < dimensions.length; i += 2) {
            exponents.put((String) dimensions[i], (Integer) dimensions[i + 1]);
        }
        for (String each : names.split(" ")) {
            KNOWN.put(each, new Unit(exponents, factor));
        }
    }

    /// The unit at the start of a text; null where there is none that is known.
    static @Nullable Unit read(String text) {
        String rest = text.strip()
                .replace("degrees C", "C")
                .replace("degrees Celsius", "C")
                .replace("degree Celsius", "C")
                .replace("° C", "C")
                .replace("°C", "C")
                .replace("^°C", "C")
                .replace("^C", "C")
                .replace("^°", "°")
                .replace("ohm", "Ω")
                .replace(" squared", "^2")
                .replace(" cubed", "^3")
                .replace(" per ", "/");
        Map<String, Integer> dimensions = new TreeMap<>();
        double factor = 1;
        int sign = 1;
        boolean any = false;
        Matcher next = FACTOR.matcher(rest);
        int at = 0;
        while (at < rest.length()) {
            char c = rest.charAt(at);
            if (c == ' ' || c == '*' || c == '(' || c == ')' || c == '.') {
                at++;
                continue;
            }
            if (c == '/') {
                sign = -1;
                at++;
                continue;
            }
            if (!next.find(at) || next.start() != at) {
                break;
            }
            Unit unit = single(next.group(1));
            if (unit == null) {
                break;
            }
            int power = sign * (next.group(2) == null ? 1 : Integer.parseInt(next.group(2)));
            for (Map.Entry<String, Integer> each : unit.dimensions.entrySet()) {
                dimensions.merge(each.getKey(), each.getValue() * power, Integer::sum);
            }
            factor *= Math.pow(unit.factor, power);
            any = true;
            at = next.end();
        }
        dimensions.values().removeIf(exponent -> exponent == 0);
        return any ? new Unit(dimensions, factor) : null;
    }

    private static @Nullable Unit single(String name) {
        Unit known = KNOWN.get(name);
        if (known == null && name.length() > 2) {
            known = KNOWN.get(name.toLowerCase(java.util.Locale.ROOT)); // Meters
        }
        if (known != null) {
            return known;
        }
        for (Map.Entry<String, Double> prefix : PREFIXES.entrySet()) {
            String rest = name.startsWith(prefix.getKey())
                    ? name.substring(prefix.getKey().length())
                    : "";
            Unit unit = rest.isEmpty() || !PREFIXED.contains(" " + rest + " ") ? null : KNOWN.get(rest);
            if (unit != null) {
                return new Unit(unit.dimensions, unit.factor * prefix.getValue());
            }
        }
        return null;
    }
}
