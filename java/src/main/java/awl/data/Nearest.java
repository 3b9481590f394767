package awl.data;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/// Finds the name that was probably meant, by edit distance.
public final class Nearest {

    private Nearest() {}

    /// The known name closest to `name`, if at most a third of its letters (and at least one, at most three)
    /// differ.
    public static Optional<String> to(String name, Collection<String> known) {
        int reach = Math.clamp(name.length() / 3, 1, 3);
        return known.stream()
                .filter(k -> distance(name, k) <= reach)
                .min(Comparator.comparingInt((String k) -> distance(name, k)).thenComparing(k -> k));
    }

    /// The known name closest to `name`, however far. One that begins the same way counts as close.
    public static String of(String name, Collection<String> known) {
        return known.stream()
                .min(Comparator.comparingInt(
                                (String k) -> k.startsWith(name) || name.startsWith(k) ? 1 : distance(name, k))
                        .thenComparing(k -> k))
                .orElseThrow();
    }

    /// Letters to insert, delete, replace or swap with their neighbour to come from `a` to `b`.
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
