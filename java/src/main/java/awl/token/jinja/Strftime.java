package awl.token.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.List;

/// `strftime` in the C locale, with the flags (`%-d`, `%_d`, `%^a`) of the C library that the reference runs
/// on.
final class Strftime {
    private static final List<String> DAYS =
            List.of("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday");
    private static final List<String> MONTHS = List.of(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December");
    private static final int MAX_WIDTH = 1000;

    private Strftime() {}

    static String format(String format, Clock clock) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            int start = i++;
            char flag = ' ';
            while (i < format.length() && "-_0^#".indexOf(format.charAt(i)) >= 0) {
                flag = format.charAt(i++);
            }
            int width = 0;
            while (i < format.length() && Character.isDigit(format.charAt(i))) {
                width = Math.min(MAX_WIDTH, width * 10 + Character.digit(format.charAt(i++), 10));
            }
            if (i < format.length() && (format.charAt(i) == 'E' || format.charAt(i) == 'O')) {
                i++;
            }
            String field = i < format.length() ? field(format.charAt(i), flag, width, now) : "";
            if (i >= format.length() || (field.isEmpty() && "ZzP".indexOf(format.charAt(i)) < 0)) {
                out.append(format, start, Math.min(i + 1, format.length()));
            } else {
                out.append(field);
            }
        }
        return out.toString();
    }

    /// One directive, or nothing where there is no such directive.
    private static String field(char directive, char flag, int width, ZonedDateTime zoned) {
        LocalDateTime now = zoned.toLocalDateTime();
        int hour12 = now.getHour() % 12 == 0 ? 12 : now.getHour() % 12;
        int weekday = now.getDayOfWeek().getValue();
        return switch (directive) {
            case 'a' -> word(DAYS.get(weekday - 1).substring(0, 3), flag, width);
            case 'A' -> word(DAYS.get(weekday - 1), flag, width);
            case 'b', 'h' -> word(MONTHS.get(now.getMonthValue() - 1).substring(0, 3), flag, width);
            case 'B' -> word(MONTHS.get(now.getMonthValue() - 1), flag, width);
            case 'c' -> all("%a %b %e %H:%M:%S %Y", zoned);
            case 'C' -> number(now.getYear() / 100, 2, '0', flag, width);
            case 'd' -> number(now.getDayOfMonth(), 2, '0', flag, width);
            case 'D', 'x' -> all("%m/%d/%y", zoned);
            case 'e' -> number(now.getDayOfMonth(), 2, ' ', flag, width);
            case 'f' -> number(now.getNano() / 1000, 6, '0', ' ', 0);
            case 'F' -> all("%Y-%m-%d", zoned);
            case 'g' -> number(now.get(IsoFields.WEEK_BASED_YEAR) % 100, 2, '0', flag, width);
            case 'G' -> number(now.get(IsoFields.WEEK_BASED_YEAR), 4, '0', flag, width);
            case 'H' -> number(now.getHour(), 2, '0', flag, width);
            case 'I' -> number(hour12, 2, '0', flag, width);
            case 'j' -> number(now.getDayOfYear(), 3, '0', flag, width);
            case 'k' -> number(now.getHour(), 2, ' ', flag, width);
            case 'l' -> number(hour12, 2, ' ', flag, width);
            case 'm' -> number(now.getMonthValue(), 2, '0', flag, width);
            case 'M' -> number(now.getMinute(), 2, '0', flag, width);
            case 'n' -> "\n";
            case 'p' -> {
                String half = now.get(ChronoField.AMPM_OF_DAY) == 0 ? "AM" : "PM";
                yield flag == '#' ? half.toLowerCase(java.util.Locale.ROOT) : word(half, flag, width);
            }
            case 'P' -> now.get(ChronoField.AMPM_OF_DAY) == 0 ? "am" : "pm";
            case 'r' -> all("%I:%M:%S %p", zoned);
            case 'R' -> all("%H:%M", zoned);
            case 's' -> Long.toString(zoned.toEpochSecond());
            case 'S' -> number(now.getSecond(), 2, '0', flag, width);
            case 't' -> "\t";
            case 'T', 'X' -> all("%H:%M:%S", zoned);
            case 'u' -> number(weekday, 1, '0', flag, width);
            case 'U' -> number((now.getDayOfYear() + 6 - weekday % 7) / 7, 2, '0', flag, width);
            case 'V' -> number(now.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, '0', flag, width);
            case 'w' -> number(weekday % 7, 1, '0', flag, width);
            case 'W' -> number((now.getDayOfYear() + 6 - (weekday + 6) % 7) / 7, 2, '0', flag, width);
            case 'y' -> number(now.getYear() % 100, 2, '0', flag, width);
            case 'Y' -> number(now.getYear(), 1, '0', flag, width);
            case '%' -> "%";
            // a time without a zone, as the reference takes it, has neither offset nor zone name
            default -> "";
        };
    }

    private static String all(String format, ZonedDateTime now) {
        return format(format, Clock.fixed(now.toInstant(), now.getZone()));
    }

    private static String word(String word, char flag, int width) {
        String text = flag == '^' || flag == '#' ? word.toUpperCase(java.util.Locale.ROOT) : word;
        return (flag == '0' ? "0" : " ").repeat(Math.max(0, width - text.length())) + text;
    }

    private static String number(int value, int digits, char pad, char flag, int width) {
        String text = Integer.toString(value);
        if (flag == '-') {
            return text;
        }
        char fill = flag == '_' ? ' ' : flag == '0' ? '0' : pad;
        return Character.toString(fill).repeat(Math.max(0, Math.max(width, digits) - text.length())) + text;
    }
}
