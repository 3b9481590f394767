package awl.token.jinja;

import java.util.Iterator;
import java.util.stream.IntStream;

/// What `str.encode` gives: octets to count or decode again, nothing more.
record Bytes(byte[] octets) {
    Iterator<Object> iterator() {
        return IntStream.range(0, octets.length)
                .mapToObj(i -> (Object) (long) (octets[i] & 0xff))
                .iterator();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && java.util.Arrays.equals(octets, that.octets);
    }

    @Override
    public int hashCode() {
        return java.util.Arrays.hashCode(octets);
    }

    String repr() {
        StringBuilder out = new StringBuilder();
        boolean single = false;
        boolean twice = false;
        for (byte octet : octets) {
            single |= octet == '\'';
            twice |= octet == '"';
        }
        char quote = single && !twice ? '"' : '\'';
        out.append('b').append(quote);
        for (byte octet : octets) {
            int value = octet & 0xff;
            if (value == '\\' || value == quote) {
                out.append('\\').append((char) value);
            } else if (value == '\n') {
                out.append("\\n");
            } else if (value == '\r') {
                out.append("\\r");
            } else if (value == '\t') {
                out.append("\\t");
            } else if (value < 0x20 || value >= 0x7f) {
                out.append(String.format("\\x%02x", value));
            } else {
                out.append((char) value);
            }
        }
        return out.append(quote).toString();
    }
}
