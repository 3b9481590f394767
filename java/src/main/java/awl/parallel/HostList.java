package awl.parallel;

import awl.ConfigException;
import java.util.ArrayList;
import java.util.List;

/// Slurm's way to write many host names: `a[01-03,7],b` is a01, a02, a03, a7, b. Several brackets in one name
/// multiply.
final class HostList {

    private static final int MOST = 1 << 16;

    private HostList() {}

    /// @throws ConfigException where brackets or ranges are malformed
    static List<String> parse(String text) {
        List<String> hosts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? ',' : text.charAt(i);
            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            if (depth < 0 || depth > 1 || (i == text.length() && depth != 0)) {
                throw wrong(text, "brackets do not match");
            }
            if (c == ',' && depth == 0) {
                expand(text, "", text.substring(start, i), hosts);
                start = i + 1;
            }
        }
        return List.copyOf(hosts);
    }

    private static void expand(String text, String head, String rest, List<String> hosts) {
        int open = rest.indexOf('[');
        if (open < 0) {
            String name = head + rest;
            if (name.isBlank()) {
                throw wrong(text, "a name is empty");
            }
            if (hosts.size() == MOST) {
                throw wrong(text, "more than " + MOST + " hosts");
            }
            hosts.add(name.strip());
            return;
        }
        int close = rest.indexOf(']');
        for (String range : rest.substring(open + 1, close).split(",", -1)) {
            String[] ends = range.split("-", -1);
            if (ends.length > 2 || !ends[0].matches("\\d{1,9}") || !ends[ends.length - 1].matches("\\d{1,9}")) {
                throw wrong(text, "'" + range + "' is no number or range");
            }
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[ends.length - 1]);
            if (last < first || last - first >= MOST) {
                throw wrong(text, "'" + range + "' is no ascending range of at most " + MOST);
            }
            for (int n = first; n <= last; n++) {
                String digits = ("%0" + ends[0].length() + "d").formatted(n);
                expand(text, head + rest.substring(0, open) + digits, rest.substring(close + 1), hosts);
            }
        }
    }

    private static ConfigException wrong(String text, String why) {
        return new ConfigException("host list '%s': %s; expected something like a[01-03,7],b".formatted(text, why));
    }
}
