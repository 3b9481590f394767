package awl.tool;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Finds the name that a model probably meant.
final class Names {

    private Names() {}

    /// The known name within a third of its letters, case and separators apart; null where none is.
    static @Nullable String nearest(String name, Collection<String> known) {
        String best = null;
        int closest = Integer.MAX_VALUE;
        for (String each : known) {
            int distance = distance(plain(name), plain(each));
            if (distance <= Math.max(1, each.length() / 3) && distance < closest) {
                best = each;
                closest = distance;
            }
        }
        return best;
    }

    private static String plain(String name) {
        String cut = name.length() > 64 ? name.substring(0, 64) : name;
        return cut.toLowerCase(Locale.ROOT).replaceAll("[\\s_-]", "");
    }

    private static int distance(String a, String b) {
        int[] above = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(Math.min(above[j], row[j - 1]) + 1, above[j - 1] + change);
            }
            above = row;
        }
        return above[b.length()];
    }
}
